package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// exchange is a request that another client has made, and the answer that it received.
type exchange struct{ request, answer []byte }

// captured reads what an Exchange for tests has captured: see EWSTEST_CAPTURE in package
// ewstest.
func captured(dir string) ([]exchange, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*", "*-request.xml"))
	if err != nil {
		return nil, err
	}
	var all []exchange
	for _, name := range names {
		var e exchange
		if e.request, err = os.ReadFile(name); err != nil {
			return nil, err
		}
		if e.answer, err = os.ReadFile(strings.TrimSuffix(name, "request.xml") + "response.xml"); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("nothing is captured in %s", dir)
	}
	return all, nil
}

// answers serves each captured answer, after a delay, at a path that is its number.
func answers(dir string, latency time.Duration) error {
	all, err := captured(dir)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err != nil || n < 0 || n >= len(all) {
			http.NotFound(w, r)
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // the client is gone
		}
		time.Sleep(latency)
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, _ = w.Write(all[n].answer)
	}))
}

// node is an element of an answer with all its contents.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []node     `xml:",any"`
}

// replay repeats the captured requests, unchanged, and decodes the answers. It prints the
// processor time this took, not counting the reading of the files.
func replay(url, dir string, atOnce int) error {
	all, err := captured(dir)
	if err != nil {
		return err
	}
	before, err := processor()
	if err != nil {
		return err
	}
	c := newClient(url, "svc", atOnce)
	numbers := make(chan int)
	failed := make([]error, atOnce)
	var workers sync.WaitGroup
	for i := range failed {
		workers.Go(func() {
			for n := range numbers {
				var answer node
				err := c.post(fmt.Sprintf("%s/%d", url, n), string(all[n].request), &answer)
				if err == nil && len(answer.Nodes) == 0 {
					err = errors.New("the answer is empty")
				}
				failed[i] = errors.Join(failed[i], err)
			}
		})
	}
	for n := range all {
		numbers <- n
	}
	close(numbers)
	workers.Wait()
	after, err := processor()
	if err != nil {
		return err
	}
	fmt.Printf("%d requests %.3f cpu-s\n", len(all), (after - before).Seconds())
	return errors.Join(failed...)
}

// processor returns the processor time that this process has used.
func processor() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
