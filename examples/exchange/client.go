package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/testdata"
)

// client is the value of -client: the folder for the files that a client of Graph needs.
type client struct {
	dir         string
	certificate *auth.Certificate
	config      map[string]any // of ewsq
}

// names of the files.
const (
	clientConfig = "ewsq.json"
	clientKey    = "quarantine.pfx"
	clientCA     = "ca.pem"
	clientBook   = "journal.db" // created by ewsq
)

// prepare creates a certificate and reads the configuration in testdata.
func (c *client) prepare() error {
	if c.dir == "" {
		return nil
	}
	var err error
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return fmt.Errorf("-client: %w", err)
	}
	if err := json.Unmarshal(testdata.GraphConfig, &c.config); err != nil {
		return fmt.Errorf("the configuration in testdata: %w", err)
	}
	if c.certificate, err = auth.NewCertificate(&auth.CertificateOptions{Subject: "CN=quarantine"}); err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("-client: %w", err)
	}
	return c.mine()
}

// mine refuses a folder with files that were not written by an earlier run: they would be
// replaced, and a lost key cannot be recreated.
func (c *client) mine() error {
	var earlier struct {
		Authentication struct {
			ApplicationID string `json:"applicationId"`
		} `json:"authentication"`
	}
	text, err := os.ReadFile(filepath.Join(c.dir, clientConfig))
	if err == nil && json.Unmarshal(text, &earlier) == nil && earlier.Authentication.ApplicationID == c.authentication()["applicationId"] {
		return nil
	}
	for _, file := range []string{clientConfig, clientKey, clientCA} {
		if name := filepath.Join(c.dir, file); inUse(name) {
			return fmt.Errorf("-client: %s is not from an earlier run; remove it, or give another folder; %w", name, errUsage)
		}
	}
	return nil
}

// authentication returns the authentication settings of the configuration.
func (c *client) authentication() map[string]any {
	a, _ := c.config["authentication"].(map[string]any) // always present in our own file
	return a
}

// application returns the application of the configuration, which may sign in.
func (c *client) application() (all []ewstest.Application, err error) {
	if c.dir == "" {
		return nil, nil
	}
	leaf, err := x509.ParseCertificate(c.certificate.CER())
	if err != nil {
		return nil, err
	}
	id, _ := c.authentication()["applicationId"].(string)
	return []ewstest.Application{{ID: id, Certificates: []*x509.Certificate{leaf}}}, nil
}

// write writes the files for a server, replacing those of an earlier run, and returns the name
// of the configuration.
func (c *client) write(url string, ca []byte) (string, error) {
	if c.dir == "" {
		return "", nil
	}
	a := c.authentication()
	password, _ := a["privateKeyPassword"].(string)
	pfx, err := c.certificate.PFX(password)
	if err != nil {
		return "", err
	}
	name := func(file string) string { return filepath.Join(c.dir, file) }
	c.config["graphUrl"], a["authenticationEndpoint"] = url, url
	c.config["rootCAFile"], a["privateKeyFile"], c.config["journalFile"] = name(clientCA), name(clientKey), name(clientBook)
	config, err := json.MarshalIndent(c.config, "", "  ")
	if err != nil {
		return "", err
	}
	err = errors.Join(
		os.WriteFile(name(clientCA), ca, 0o600),
		os.WriteFile(name(clientKey), pfx, 0o600),
		os.WriteFile(name(clientConfig), append(config, '\n'), 0o600),
	)
	if err != nil {
		return "", fmt.Errorf("-client: %w", err)
	}
	return name(clientConfig), nil
}
