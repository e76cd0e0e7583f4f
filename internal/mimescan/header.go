package mimescan

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"path"
	"strings"

	"github.com/emersion/go-message/charset"
)

// Names of the relevant fields.
const (
	contentType        = "content-type"
	contentDisposition = "content-disposition"
	contentEncoding    = "content-transfer-encoding"
	subject            = "subject"
)

// maxField is how many bytes of a header field are kept.
const maxField = 16 << 10

// readHeader reads a header up to the blank line and returns the relevant fields.
// A line that cannot belong to a header begins the body; it is returned as rest.
func readHeader(br *bufio.Reader) (fields map[string][]byte, rest []byte, err error) {
	fields = make(map[string][]byte)
	name, inLine := "", false
	for read := 0; read < maxHeader; {
		line, err := br.ReadSlice('\n')
		read += len(line)
		whole := err == nil
		if err == bufio.ErrBufferFull {
			err = nil
		}
		text := strings.TrimRight(string(line), "\r\n")
		switch {
		case inLine || len(text) > 0 && (text[0] == ' ' || text[0] == '\t'):
			if name != "" && len(fields[name])+len(text) <= maxField {
				fields[name] = append(fields[name], text...)
			}
		case text == "":
			if err == io.EOF {
				err = nil
			}
			return fields, nil, err
		default:
			key, value, ok := strings.Cut(text, ":")
			key = strings.TrimRight(key, " \t")
			if !ok || key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7F }) {
				if read == len(line) && strings.HasPrefix(text, "From ") {
					name = ""
					break // a separator of mbox files
				}
				return fields, bytes.Clone(line), nil
			}
			name = strings.ToLower(key)
			switch name {
			case contentType, contentDisposition, contentEncoding, subject:
				if _, again := fields[name]; again {
					name = "" // the first one counts
				} else {
					fields[name] = []byte(value[:min(len(value), maxField)])
				}
			default:
				name = ""
			}
		}
		inLine = !whole
		if err == io.EOF {
			return fields, nil, nil
		}
		if err != nil {
			return fields, nil, err
		}
	}
	return fields, nil, nil
}

// part describes a body according to its header.
type part struct {
	kind        string // media type, lower case
	charset     string // lower case
	boundary    string
	name        string
	disposition string
	encoding    string
}

// maxBoundary is the maximum length of a boundary. The standard allows 70.
const maxBoundary = 1000

func describe(fields map[string][]byte, defaultType string) part {
	kind, params := mediaType(string(fields[contentType]))
	disposition, more := mediaType(string(fields[contentDisposition]))
	p := part{
		kind: kind, charset: strings.ToLower(strings.TrimSpace(params["charset"])), boundary: params["boundary"], disposition: disposition,
		encoding: strings.ToLower(strings.TrimSpace(string(fields[contentEncoding]))),
	}
	if !strings.Contains(p.kind, "/") {
		p.kind = defaultType
	}
	if len(p.boundary) > maxBoundary {
		p.boundary = ""
	}
	p.name = more["filename"]
	if p.name == "" {
		p.name = params["name"]
	}
	words := mime.WordDecoder{CharsetReader: charset.Reader}
	if name, err := words.DecodeHeader(p.name); err == nil {
		p.name = name
	}
	return p
}

// mediaType parses the value of Content-Type or Content-Disposition, even if it
// is malformed.
func mediaType(value string) (string, map[string]string) {
	if kind, params, err := mime.ParseMediaType(value); err == nil {
		return kind, params
	}
	kind, rest, _ := strings.Cut(value, ";")
	params := make(map[string]string)
	for rest != "" {
		var pair string
		pair, rest = cutParameter(rest)
		name, v, ok := strings.Cut(pair, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, again := params[name]; ok && !again {
			params[name] = strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return strings.ToLower(strings.TrimSpace(kind)), params
}

// cutParameter splits at the first semicolon that is not quoted.
func cutParameter(s string) (before, after string) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ';' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// attached reports whether the part is an attachment rather than the text of the
// message.
func (p part) attached() bool {
	return p.disposition == "attachment" || p.name != "" || !strings.HasPrefix(p.kind, "text/")
}

// extension returns the extension of the name, in lower case.
func (p part) extension() string { return strings.ToLower(path.Ext(p.name)) }

// opaque reports whether the part hides a message: in S/MIME that is encrypted or signed
// in one piece, or behind rights management.
func (p part) opaque() bool {
	switch p.kind {
	case "application/pkcs7-mime", "application/x-pkcs7-mime", "application/x-microsoft-rpmsg-message":
		return true
	}
	return p.extension() == ".p7m" || p.extension() == ".rpmsg"
}
