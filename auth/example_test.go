package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

func ExampleBasic() {
	exchange := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, ok := r.BasicAuth()
		fmt.Println("server sees", user, ok)
	}))
	defer exchange.Close()

	cred, err := auth.NewCredential("svc@example.com", "from your vault")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("logs see", cred)
	rt, err := auth.Basic(exchange.URL+"/EWS/Exchange.asmx", cred, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: rt} // or ews.Options.Transport
	resp, err := client.Get(exchange.URL + "/EWS/Exchange.asmx")
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.Status)
	// Output:
	// logs see [redacted]
	// server sees svc@example.com true
	// 200 OK
}

func ExampleNTLM() {
	cred, err := auth.NewCredential(`EXAMPLE\svc`, "from your vault")
	if err != nil {
		fmt.Println(err)
		return
	}
	connections, err := auth.NewTransport(&auth.TransportOptions{UseProxy: true}) // as set in the environment
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := auth.NTLM("https://mail.example.com/EWS/Exchange.asmx", cred, &auth.NTLMOptions{
		Transport:      connections,
		MaxConnections: 20,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.CloseIdleConnections()
	fmt.Printf("%+v\n", rt.Stats()) // it signs in on the first request
	// Output:
	// {Requests:0 RoundTrips:0 Handshakes:0 Open:0}
}

func ExampleNewCertificate() {
	cert, err := auth.NewCertificate(&auth.CertificateOptions{Subject: "CN=quarantine"})
	if err != nil {
		fmt.Println(err)
		return
	}
	pfx, err := cert.PFX("a password") // privateKeyFile and privateKeyPassword
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := auth.ParsePFX(pfx, "a password")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(again.Subject(), again.Thumbprint() == cert.Thumbprint())
	// Output:
	// CN=quarantine true
}

// headerAuth is a custom form of authentication: here a proxy that trusts a
// header, as a Kerberos gateway might.
type headerAuth struct {
	user string
	next http.RoundTripper
}

func (a headerAuth) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("X-Remote-User", a.user)
	return a.next.RoundTrip(req)
}

// Any RoundTripper can authenticate; this package need not know about it.
func Example_ownRoundTripper() {
	exchange := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("server sees", r.Header.Get("X-Remote-User"))
	}))
	defer exchange.Close()
	connections, err := auth.NewTransport(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: headerAuth{"svc@EXAMPLE.COM", connections}} // or ews.Options.Transport
	resp, err := client.Get(exchange.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output:
	// server sees svc@EXAMPLE.COM
}
