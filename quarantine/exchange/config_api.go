package exchange

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
)

// API is the protocol used to reach mailboxes.
type API string

// Kinds of API.
const (
	// APIEWS is Exchange Web Services: every Exchange server, and Exchange Online until
	// 2027-04-01.
	APIEWS API = "ews"
	// APIGraph is Microsoft Graph: Exchange Online in the worldwide cloud; in the other
	// clouds, only with [Config].QuarantineInPlace.
	APIGraph API = "graph"
)

// api checks the API, and refuses settings that Graph cannot serve.
func (v *configCheck) api(c *Config) {
	switch c.API {
	case "", APIEWS:
		if c.GraphURL != "" {
			v.problem("graphUrl", `is set, but api is not "graph"; remove it, or set "api": "graph"`)
		}
		if c.RecreateMessages {
			v.problem("recreateMessages", `is set, but api is not "graph": EWS makes messages from their MIME form where it must; remove it, or set "api": "graph"`)
		}
		return
	case APIGraph:
	default:
		v.problem("api", `must be "ews" or "graph"`)
		return
	}
	if typ := c.Authentication.Type; typ == AuthenticationNTLM || typ == AuthenticationBasic {
		// The other settings are for Exchange Server, too.
		v.problem("api", `cannot be "graph" with authentication.type "`+string(typ)+`": Graph has Exchange Online only, which accepts tokens only; set "azureAD", or api to "ews"`)
		return
	}
	if c.Access == FullAccess {
		v.problem("access", `cannot be "fullAccess" with api "graph", where an application has no mailbox of its own; set it to "impersonation" or omit it`)
	}
	v.graphURL(c)
	if c.EWSURL != "" && !onlineHost(c.EWSURL) {
		v.problem("ewsUrl", `is not that of Exchange Online, and Graph reaches no other; remove it, or set api to "ews"`)
	}
	if len(c.AutodiscoverHosts) > 0 {
		v.problem("autodiscoverHosts", `is not used with api "graph", which needs no Autodiscover; remove it`)
	}
	if c.ScanOnlineArchive {
		v.problem("scanOnlineArchive", `cannot be used with api "graph", whose version for production does not have archives; set it to false or, while the tenant has EWS, api to "ews"`)
	}
	if c.Throttling != (Throttling{}) {
		v.problem("throttling", `is a policy of Exchange Web Services; remove it with api "graph", whose limits are fixed`)
	}
	if c.AllowPlainHTTP {
		v.problem("allowPlainHTTP", `has no effect with api "graph", to which tokens go over TLS only; remove it`)
	}
	if c.OneByOne {
		v.problem("oneByOne", `has no effect with api "graph", where no requests are shared; remove it`)
	}
	if cloud := c.sovereign(); cloud != "" && !c.QuarantineInPlace {
		v.problem("api", `cannot be "graph" in the cloud `+cloud+`, where Graph can neither export and import messages nor remove them for good; use "ews" while it lasts, or keep messages in a hidden folder of their own mailbox, with "quarantineInPlace": true`)
	}
}

// sovereign returns the name of the configuration's cloud if it is not the worldwide one.
func (c *Config) sovereign() string {
	worldwide := msclouds.All()[0].Name
	if cloud, known := cloudOfGraph(c.GraphURL); known && cloud.Name != worldwide {
		return cloud.Name
	}
	clouds := cloudsOfAuthority(c.Authentication.AuthenticationEndpoint)
	if len(clouds) == 0 || slices.ContainsFunc(clouds, func(cloud msclouds.Cloud) bool { return cloud.Name == worldwide }) {
		return ""
	}
	return clouds[0].Name
}

// graphWarning is a setting that Graph serves less well than EWS, or not at all.
type graphWarning struct{ setting, text string }

// graphWarnings returns the warnings for the configuration; there are none with EWS. Such
// settings can stay when a tenant switches to Graph, but the operator must know.
func (c *Config) graphWarnings() (all []graphWarning) {
	if c.API != APIGraph {
		return nil
	}
	const headers = "from 2026-12-31 Graph may refuse to change headers of received messages without the right Mail-Advanced.ReadWrite.All; leave it out, or give that to the application"
	for _, w := range []struct {
		set bool
		graphWarning
	}{
		{c.QuarantineInPlace, graphWarning{"quarantineInPlace", "messages stay in a hidden folder of their own mailbox, and a user who looks for it can take them out"}},
		{c.QuarantineHeader.Name != "", graphWarning{"quarantineHeader", headers}},
		{c.UndoHeader.Name != "", graphWarning{"undoHeader", headers}},
		{c.ScanRecoverableItems, graphWarning{"scanRecoverableItems", "Graph may neither export nor remove what is in Recoverable Items: what is found there is then reported, and stays"}},
		{c.RecreateMessages, graphWarning{"recreateMessages", "messages that Graph does not export are made anew, and lose the header that they were received with, among others, in quarantine and when they are restored"}},
		{c.LeaveRecoverable, graphWarning{"leaveRecoverable", "it has no effect: what is taken over Graph is removed for good, and leaves nothing in Recoverable Items"}},
		{c.Authentication.Username != "", graphWarning{"authentication.username", "it has no effect: Graph has limits for each mailbox, and none for an account"}},
	} {
		if w.set {
			all = append(all, w.graphWarning)
		}
	}
	return all
}

// graphURL checks the address of Graph, which may be empty.
func (v *configCheck) graphURL(c *Config) {
	if c.GraphURL == "" {
		return
	}
	u := v.location("graphUrl", c.GraphURL, "https://graph.microsoft.com")
	switch {
	case u == nil:
	case u.Path != "" && u.Path != "/":
		v.problem("graphUrl", "has a path; use scheme and host alone, such as https://graph.microsoft.com")
	case u.Scheme != "https" && (c.Authentication.Type == AuthenticationAzureAD || !loopback(u.Hostname())):
		v.problem("graphUrl", "does not begin with https://, and anyone who sees a token can use it")
	}
}
