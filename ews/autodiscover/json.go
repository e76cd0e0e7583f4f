package autodiscover

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// protocolURL returns the URL of the JSON service for a mailbox. It tells the
// server how many redirects were followed before.
func protocolURL(host, address string, redirected int) string {
	u := "https://" + host + "/autodiscover/autodiscover.json/v1.0/" + url.PathEscape(address) + "?Protocol=EWS"
	if redirected > 0 {
		u += "&RedirectCount=" + strconv.Itoa(redirected)
	}
	return u
}

// decodeProtocol returns the URL from an answer of the JSON service.
func (l *lookup) decodeProtocol(body []byte) (string, error) {
	var answer struct {
		Protocol     string
		URL          string `json:"Url"`
		ErrorCode    string
		ErrorMessage string
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", errNoAnswer
	}
	switch {
	case answer.ErrorCode != "":
		return "", &refusal{text: fmt.Sprintf("the server says %s: %s", l.quote(answer.ErrorCode), l.quote(answer.ErrorMessage))}
	case answer.URL == "" || answer.Protocol != "" && !strings.EqualFold(answer.Protocol, "EWS"):
		return "", errNoAnswer
	}
	return answer.URL, nil
}
