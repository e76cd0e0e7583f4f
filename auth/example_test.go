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
