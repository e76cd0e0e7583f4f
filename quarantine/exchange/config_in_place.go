package exchange

import (
	"net/url"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
)

// quarantine checks where messages are kept.
func (v *configCheck) quarantine(c *Config) {
	if !c.QuarantineInPlace {
		v.address("quarantineMailbox", c.QuarantineMailbox)
		return
	}
	if c.API != APIGraph {
		v.problem("quarantineInPlace", `is set, but api is not "graph"; EWS carries messages to a quarantine mailbox in every cloud: name that in quarantineMailbox, and set it to false`)
		return
	}
	if c.QuarantineMailbox != "" {
		v.problem("quarantineMailbox", "is not used with quarantineInPlace, which keeps each message in its own mailbox; remove one of the two")
	}
	if c.FolderPerMailbox {
		v.problem("folderPerMailbox", "has no effect with quarantineInPlace, with which each mailbox has its own folder; remove it")
	}
	clouds := cloudsOfAuthority(c.Authentication.AuthenticationEndpoint)
	graph, known := cloudOfGraph(c.GraphURL)
	switch {
	case c.GraphURL == "" && len(clouds) > 1:
		v.problem("graphUrl", "is empty, and authentication.authenticationEndpoint belongs to several clouds; set it to https://"+
			clouds[0].GraphHost+" ("+clouds[0].Name+") or https://"+clouds[1].GraphHost+" ("+clouds[1].Name+")")
	case known && c.Authentication.Type == AuthenticationAzureAD && len(clouds) > 0 &&
		!slices.ContainsFunc(clouds, func(cloud msclouds.Cloud) bool { return cloud.Name == graph.Name }):
		v.problem("authentication.authenticationEndpoint", "belongs to another cloud than graphUrl; set it to https://"+graph.Authorities[0])
	}
}

// defaultGraphURL returns the address of Graph in the configuration's cloud, or in the
// worldwide one if that is not known.
func (c *Config) defaultGraphURL() string {
	cloud := msclouds.All()[0]
	if clouds := cloudsOfAuthority(c.Authentication.AuthenticationEndpoint); c.QuarantineInPlace && len(clouds) == 1 {
		cloud = clouds[0]
	}
	return "https://" + cloud.GraphHost
}

// cloudOfGraph returns the cloud that an address of Graph belongs to.
func cloudOfGraph(raw string) (msclouds.Cloud, bool) {
	u, err := url.Parse(raw)
	if err != nil {
		return msclouds.Cloud{}, false
	}
	for _, cloud := range msclouds.All() {
		if u.Hostname() == cloud.GraphHost {
			return cloud, true
		}
	}
	return msclouds.Cloud{}, false
}
