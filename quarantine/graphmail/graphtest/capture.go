package graphtest

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// captureVariable is the environment variable that names the capture directory.
const captureVariable = "GRAPHTEST_CAPTURE"

// capture writes requests and answers into a directory.
type capture struct{ dir string }

// captured is what a file of a capture contains.
type captured struct {
	Method       string          `json:"method"`
	Path         string          `json:"path"` // without the version
	Query        string          `json:"query,omitempty"`
	Prefer       []string        `json:"prefer,omitempty"`
	IfMatch      string          `json:"ifMatch,omitempty"`
	RequestType  string          `json:"requestType,omitempty"`
	Request      json.RawMessage `json:"request,omitempty"`
	Status       int             `json:"status"`
	ResponseType string          `json:"responseType,omitempty"`
	Response     json.RawMessage `json:"response,omitempty"`
}

func (j *journal) init(most int) {
	j.most = most
	parent := os.Getenv(captureVariable)
	if parent == "" {
		return
	}
	dir, err := os.MkdirTemp(parent, "graph-")
	if err != nil {
		panic("graphtest: " + captureVariable + ": " + err.Error())
	}
	j.capture = &capture{dir}
}

func (c *capture) write(of *call, a *answer) {
	body, size := a.reader()
	if size > 1<<20 {
		return // large content does not matter to the schema
	}
	b, _ := io.ReadAll(body) // from memory: cannot fail
	v := captured{
		Method: of.in.method, Path: strings.TrimPrefix(of.in.path, "/v1.0"), Query: of.in.query,
		Prefer: of.in.header.Values("Prefer"), IfMatch: of.in.header.Get("If-Match"),
		RequestType: of.in.header.Get("Content-Type"), Request: textOrJSON(of.in.body),
		Status: a.status, ResponseType: a.header.Get("Content-Type"), Response: textOrJSON(b),
	}
	file, err := json.MarshalIndent(v, "", " ")
	if err == nil {
		err = os.WriteFile(filepath.Join(c.dir, fmt.Sprintf("%04d-%s.json", of.number, of.entry.Operation)), file, 0o600)
	}
	if err != nil {
		panic("graphtest: " + captureVariable + ": " + err.Error())
	}
}

// textOrJSON returns a body as JSON, nil if it is empty. A body that is not JSON becomes
// a string.
func textOrJSON(b []byte) json.RawMessage {
	if len(b) == 0 {
		return nil
	}
	if json.Valid(b) {
		return b
	}
	text, _ := json.Marshal(string(cut(b))) // a string: cannot fail
	return text
}
