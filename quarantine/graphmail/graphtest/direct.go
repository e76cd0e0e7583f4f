package graphtest

import (
	"net/http"
	"net/http/httptrace"
)

// Direct returns a RoundTripper that calls the server in process, without a socket, so it
// works inside a testing/synctest bubble. Faults that break the connection return
// io.ErrUnexpectedEOF. Of the URL, only the path matters, and whether the host is the
// import host.
func (s *Server) Direct() http.RoundTripper { return direct{s} }

// DirectURL returns the address of the Graph host for [Server.Direct], without a version:
// https://graph. followed by the domain of the Exchange server. No socket is opened for
// it.
func (s *Server) DirectURL() string { return "https://" + s.graphHost() }

func (s *Server) graphHost() string  { return "graph." + s.exchange.Domain() }
func (s *Server) importHost() string { return "outlook." + s.exchange.Domain() }

type direct struct{ server *Server }

// RoundTrip calls the server.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	if in.Body != nil {
		defer in.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	trace := httptrace.ContextClientTrace(r.Context())
	if trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if isImport(in) != (in.URL.Host == d.server.importHost()) {
		return refuse(http.StatusNotFound, "NotFound", "No such host or path: "+in.URL.Host).answer(nil).response(r)
	}
	a := d.server.answer(in, false)
	if trace != nil && trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return a.response(r)
}
