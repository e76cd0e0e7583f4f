// Plainxml takes messages out of mailboxes in the way of a program written in an
// afternoon: net/http, encoding/xml, FindItem in the Inbox, MoveItem, and on to the next.
// It proves nothing and undoes nothing. Alternatively it repeats the requests that
// another client has made, and decodes the same answers. It is a peer for measurements:
// see ../peers.
//
//	plainxml URL ACCOUNT TARGETS.csv CONCURRENCY
//	plainxml answers CAPTURED LATENCY
//	plainxml replay URL CAPTURED CONCURRENCY
package main

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const quarantine = "quarantine@example.test"

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 3 && args[0] == "answers":
		var latency time.Duration
		if latency, err = time.ParseDuration(args[2]); err == nil {
			err = answers(args[1], latency)
		}
	case len(args) == 4:
		var atOnce int
		switch atOnce, err = strconv.Atoi(args[3]); {
		case err != nil:
		case args[0] == "replay":
			err = replay(args[1], args[2], max(atOnce, 1))
		default:
			err = run(args[0], args[1], args[2], max(atOnce, 1))
		}
	default:
		fmt.Fprintln(os.Stderr, "usage: plainxml URL ACCOUNT TARGETS.csv CONCURRENCY | answers CAPTURED LATENCY | replay URL CAPTURED CONCURRENCY")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type client struct {
	http         *http.Client
	url, account string
}

func newClient(url, account string, atOnce int) client {
	return client{&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce, MaxConnsPerHost: atOnce}}, url, account}
}

func run(url, account, targets string, atOnce int) error {
	text, err := os.ReadFile(targets)
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return err
	}
	c := newClient(url, account, atOnce)
	work := make(chan []string)
	failed := make([]error, atOnce)
	var all sync.WaitGroup
	for i := range failed {
		all.Go(func() {
			for row := range work {
				failed[i] = errors.Join(failed[i], c.take(row[0], row[1]))
			}
		})
	}
	for _, row := range rows[1:] {
		work <- row
	}
	close(work)
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	fmt.Println(len(rows)-1, "taken")
	return nil
}

const envelope = `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">
<soap:Header><t:RequestServerVersion Version="Exchange2016"/></soap:Header><soap:Body>%s</soap:Body></soap:Envelope>`

const findItem = `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>
<m:IndexedPageItemView MaxEntriesReturned="100" Offset="0" BasePoint="Beginning"/>
<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="message:InternetMessageId"/><t:FieldURIOrConstant><t:Constant Value="%s"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>
<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>%s</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:ParentFolderIds></m:FindItem>`

const moveItem = `<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>%s</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:ToFolderId>
<m:ItemIds>%s</m:ItemIds></m:MoveItem>`

type found struct {
	Items []struct {
		ID struct {
			ID        string `xml:"Id,attr"`
			ChangeKey string `xml:",attr"`
		} `xml:"ItemId"`
		Subject          string
		DateTimeReceived string
		Size             int64
	} `xml:"Body>FindItemResponse>ResponseMessages>FindItemResponseMessage>RootFolder>Items>Message"`
}

type moved struct {
	Messages []struct {
		Class string `xml:"ResponseClass,attr"`
		Code  string `xml:"ResponseCode"`
	} `xml:"Body>MoveItemResponse>ResponseMessages>MoveItemResponseMessage"`
}

func (c client) take(mailbox, id string) error {
	var f found
	if err := c.call(fmt.Sprintf(findItem, escaped(id), mailbox), &f); err != nil {
		return fmt.Errorf("%s: %w", mailbox, err)
	}
	if len(f.Items) == 0 {
		return fmt.Errorf("%s: not found", mailbox)
	}
	var ids strings.Builder
	for _, it := range f.Items {
		fmt.Fprintf(&ids, `<t:ItemId Id="%s" ChangeKey="%s"/>`, it.ID.ID, it.ID.ChangeKey)
	}
	var m moved
	if err := c.call(fmt.Sprintf(moveItem, quarantine, ids.String()), &m); err != nil {
		return fmt.Errorf("%s: %w", mailbox, err)
	}
	for _, r := range m.Messages {
		if r.Class != "Success" {
			return fmt.Errorf("%s: %s", mailbox, r.Code)
		}
	}
	return nil
}

func (c client) call(body string, answer any) error {
	return c.post(c.url, fmt.Sprintf(envelope, body), answer)
}

func (c client) post(url, text string, answer any) error {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.SetBasicAuth(c.account, c.account+"-password")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %s", resp.Status)
	}
	return xml.Unmarshal(got, answer)
}

func escaped(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a strings.Builder does not fail
	}
	return b.String()
}
