package live

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// describe returns how a call ended, on one line and without the server's text, which may
// quote senders.
func describe(err error) string {
	refused, isRefusal := errors.AsType[*ews.ResponseError](err)
	page, isPage := errors.AsType[*ews.HTTPError](err)
	switch {
	case err == nil:
		return "success"
	case isRefusal:
		how := "error of the item"
		if refused.Fault {
			how = "SOAP fault"
		}
		text := fmt.Sprintf("%s %s, HTTP %d", how, refused.Code, refused.HTTPStatus)
		if refused.Inner != "" {
			text += ", inner code " + string(refused.Inner)
		}
		return text
	case isPage:
		return fmt.Sprintf("HTTP %d without SOAP: %s", page.Status, page.Reason)
	}
	return err.Error()
}

// member is a response message.
type member struct{ class, code string }

// members sends a request for which package ews has no method, and returns its response
// messages. The error is that of the whole request.
func members(ctx context.Context, c *ews.Client, body string) ([]member, error) {
	resp, err := c.Do(ctx, ews.DoRequest{Body: []byte(body)})
	if resp == nil {
		return nil, err
	}
	var all []member
	d := xml.NewDecoder(strings.NewReader(string(resp.XML)))
	d.Strict = false
	inCode := false
	for {
		token, err := d.Token()
		if err != nil {
			return all, nil // the end, or text that XML does not allow
		}
		switch token := token.(type) {
		case xml.StartElement:
			inCode = token.Name.Local == "ResponseCode"
			for _, a := range token.Attr {
				if a.Name.Local == "ResponseClass" {
					all = append(all, member{class: a.Value})
				}
			}
		case xml.CharData:
			if inCode && len(all) > 0 {
				all[len(all)-1].code = string(token)
			}
		case xml.EndElement:
			inCode = false
		}
	}
}

// list describes response messages.
func list(all []member) string {
	var parts []string
	for _, m := range all {
		parts = append(parts, m.class+" "+m.code)
	}
	return strings.Join(parts, ", ")
}
