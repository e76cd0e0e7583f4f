package graphtest

import (
	"crypto/x509"
	"net"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// Options are the settings of a [Server]; the zero value means the defaults.
type Options struct {
	// Tenant is the id of the tenant, a GUID. Default:
	// "5a1e0f3c-7d3b-4c42-9f64-0c2ad2b10001".
	Tenant string

	// Applications may sign in at the token endpoint with their certificates, over TLS;
	// see [Server.AuthorityURL]. With [Server.As], none are needed.
	Applications []Application

	// National makes it a national cloud (GCC High, DoD, China): exportItems,
	// createImportSession and permanentDelete of messages do not exist there, and in
	// China there is no delta of messages; see China.
	National bool

	// China leaves out what the cloud in China lacks in addition; it implies National.
	China bool

	// Sensitive applies the change of 2026-12-31: changing properties that only drafts
	// allow to be changed needs Mail-Advanced.ReadWrite.All. Before, such changes are
	// refused as invalid.
	Sensitive bool

	// SensitiveHeaders is like Sensitive for the headers of a message as extended
	// properties (PS_INTERNET_HEADERS), of which Microsoft has not said whether the change
	// concerns them.
	SensitiveHeaders bool

	// NullRemoves lets a PATCH with the value null remove an extended property of type
	// String. It is not documented whether that works; by default it is refused.
	NullRemoves bool

	// IgnoreIfMatch ignores If-Match at PATCH, which is documented for DELETE only.
	// By default both obey it.
	IgnoreIfMatch bool

	// ReceiptSticks leaves a pending receipt alone when isReadReceiptRequested is set to
	// false. By default that withdraws the receipt.
	ReceiptSticks bool

	// PurgeDeletions lets permanentDelete work in recoverableitemsdeletions. By
	// default it is refused there, as DELETE is.
	PurgeDeletions bool

	// SendDelay is how long after its answer the server sends a draft: the answer is 202
	// Accepted, and it is not documented how soon sending follows. Default: immediately.
	SendDelay time.Duration

	// OwnIDs gives the mailbox API, with export and import, ids of its own. The ids of
	// the mail API are malformed there, and vice versa, and nothing translates between
	// them. By default both APIs use the same ids, as field reports describe for
	// mailboxes that are not archives.
	OwnIDs bool

	// OtherSpellings answers in ways in which servers have been seen to deviate:
	// exportItems writes "Error" in capitals, errors are spelled innererror and contain a
	// more precise code, and createImportSession answers 201.
	OtherSpellings bool

	// ImportLifetime is how long an import URL is valid. Default: one hour.
	ImportLifetime time.Duration

	// UploadLifetime is how long the address of an upload session is valid. Default: one
	// hour.
	UploadLifetime time.Duration

	// TokenLifetime is how long a token of [Server.Token] is valid. Tokens of [Server.As]
	// are renewed. Default: one hour.
	TokenLifetime time.Duration

	// Throttling sets the limits. Default: the limits that Microsoft documents.
	Throttling Throttling

	// MaxMIME is the number of bytes of MIME above which a POST of a message answers 200
	// and creates nothing. Default: 2,240 KiB.
	MaxMIME int

	// MaxBody is the number of bytes above which the body of a request to the Graph host
	// is refused; the import host has no limit. Default: 4 MiB.
	MaxBody int

	// MaxRecords is the maximum number of requests that the server remembers. Default:
	// all.
	MaxRecords int

	TLS bool // serve HTTPS, with a certificate made at start

	// Listener is where the Graph host listens; the import host uses another free port of
	// the same address. Default: free ports of 127.0.0.1.
	Listener net.Listener

	Latency time.Duration    // added to each answer
	Now     func() time.Time // default: time.Now; give the Exchange server the same one
}

// Application is an app registration.
type Application struct {
	ID           string
	Certificates []*x509.Certificate
	Roles        []string // application permissions consented to; nil: [AllRoles]
}

// Throttling sets the limits for each pair of application and mailbox, see
// https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits. A
// negative number means no limit.
type Throttling struct {
	Concurrent int   // requests at a time. Default: 4
	Requests   int   // in 10 minutes. Default: 10,000
	Upload     int64 // bytes in 5 minutes. Default: 150 MB
	// NoRetryAfter leaves Retry-After out of 429 answers.
	NoRetryAfter bool
	// PerApplication counts the requests at a time of an application over all mailboxes,
	// as one version of Microsoft's page said.
	PerApplication bool
}

func (opts *Options) withDefaults() Options {
	var o Options
	if opts != nil {
		o = *opts
	}
	o.National = o.National || o.China
	if o.Tenant == "" {
		o.Tenant = "5a1e0f3c-7d3b-4c42-9f64-0c2ad2b10001"
	}
	if o.ImportLifetime == 0 {
		o.ImportLifetime = time.Hour
	}
	if o.UploadLifetime == 0 {
		o.UploadLifetime = time.Hour
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = time.Hour
	}
	if o.Throttling.Concurrent == 0 {
		o.Throttling.Concurrent = 4
	}
	if o.Throttling.Requests == 0 {
		o.Throttling.Requests = 10_000
	}
	if o.Throttling.Upload == 0 {
		o.Throttling.Upload = 150_000_000
	}
	if o.MaxMIME == 0 {
		o.MaxMIME = 2240 << 10
	}
	if o.MaxBody == 0 {
		o.MaxBody = 4 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// exchange returns a new Exchange server, for a Graph that is not given one.
func (o Options) exchange() *ewstest.Server {
	return ewstest.NewServer(&ewstest.Options{Version: ewstest.ExchangeOnline, Now: o.Now})
}
