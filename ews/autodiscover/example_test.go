package autodiscover_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
)

func ExampleClient_EWSURL() {
	// A fake network.
	network := &internet{servers: map[string]http.HandlerFunc{
		"https://autodiscover.example.com": exchange(external("https://mail.example.com/EWS/Exchange.asmx"), ""),
	}}
	client, err := autodiscover.NewClient(&autodiscover.Options{
		Anonymous: network,
		Resolver:  network,
		// Credentials for the company's server only. For a real transport, see
		// package auth.
		Transport: func(host string) http.RoundTripper {
			if host == "autodiscover.example.com" {
				return signingIn{network, host}
			}
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	url, err := client.EWSURL(context.Background(), "alice@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(url)
	// Output: https://mail.example.com/EWS/Exchange.asmx
}
