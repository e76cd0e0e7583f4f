//go:build apache

package apachetest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// certificate is a self-signed server certificate with its key.
type certificate struct {
	pem, key []byte
	tls      tls.Certificate
}

// rsaKey is shared, because it takes a long time to generate.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// newCertificate makes a certificate for 127.0.0.1 with a signature algorithm.
func newCertificate(t *testing.T, algorithm x509.SignatureAlgorithm) certificate {
	t.Helper()
	var key crypto.Signer
	var err error
	if strings.HasPrefix(algorithm.String(), "ECDSA") {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		key, err = rsaKey()
	}
	require.NoError(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "mail.example.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), SignatureAlgorithm: algorithm,
		IsCA: true, BasicConstraintsValid: true, // Python requires this of a root
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	c := certificate{
		pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}
	c.tls, err = tls.X509KeyPair(c.pem, c.key)
	require.NoError(t, err)
	return c
}

// bindings returns what requests_ntlm and ntlm_auth compute for the certificate:
// the application data of the bindings and the value of MsvAvChannelBindings,
// both in hexadecimal. The hash must be given if requests_ntlm does not know it.
func (c certificate) bindings(t *testing.T, hash ...string) (data, value string) {
	t.Helper()
	cmd := exec.Command(python, append([]string{"testdata/binding.py"}, hash...)...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(c.pem)), t.Output()
	out, err := cmd.Output()
	require.NoError(t, err)
	f := strings.Fields(string(out))
	require.Len(t, f, 2)
	return f[0], f[1]
}
