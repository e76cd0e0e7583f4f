package msclouds_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
)

func TestClouds(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, c := range msclouds.All() {
		assert.True(t, msclouds.HasEWS(c.EWSHost), c.Name)
		assert.True(t, msclouds.Has(c.EWSHost), c.Name)
		assert.NotEmpty(t, c.Authorities, c.Name)
		assert.NotEmpty(t, c.Domains, c.Name)
		assert.False(t, seen[c.EWSHost], "%s has the host of another", c.Name)
		seen[c.EWSHost] = true
		for _, host := range c.Authorities {
			assert.Contains(t, msclouds.OfAuthority(host), c)
		}
	}
	assert.Equal(t, "https://outlook.office365.com/EWS/Exchange.asmx", msclouds.All()[0].EWSURL())
}

func TestOfAuthority(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]int{
		"LOGIN.windows.net": 1, "login.microsoftonline.us": 2, "login.chinacloudapi.cn": 1, "login.example.com": 0, "": 0,
	} {
		assert.Len(t, msclouds.OfAuthority(host), want, host)
	}
}

func TestHas(t *testing.T) {
	t.Parallel()
	for host, want := range map[string][2]bool{ // EWS, and anything
		"outlook.office365.com":        {true, true},
		"Outlook.Office365.com.":       {true, true},
		"x.outlook.office365.com":      {true, true},
		"autodiscover-s.outlook.com":   {false, true},
		"customer.onmicrosoft.com":     {false, true},
		"outlook.office365.com.evil":   {false, false},
		"notoutlook.office365.example": {false, false},
		"mail.example.com":             {false, false},
		"webmail.apps.mil":             {true, true},
	} {
		assert.Equal(t, want, [2]bool{msclouds.HasEWS(host), msclouds.Has(host)}, host)
	}
	assert.IsType(t, []string{}, msclouds.Domains())
	assert.Len(t, msclouds.Domains(), 9)
}
