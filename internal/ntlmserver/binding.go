package ntlmserver

import (
	"crypto"
	"crypto/md5"
	_ "crypto/sha256" // registers the hash
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/binary"
	"fmt"
)

// ChannelBinding returns the required value of the AV pair MsvAvChannelBindings
// on a TLS connection with the server certificate cert: the MD5 of a
// gss_channel_bindings_struct (RFC 2744) without addresses around the
// tls-server-end-point binding of RFC 5929.
func ChannelBinding(cert *x509.Certificate) ([]byte, error) {
	var hash crypto.Hash
	switch cert.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.DSAWithSHA256, x509.ECDSAWithSHA256, x509.SHA256WithRSAPSS:
		hash = crypto.SHA256
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		hash = crypto.SHA512
	default:
		return nil, fmt.Errorf("no channel binding is defined for %v", cert.SignatureAlgorithm)
	}
	sum := hash.New()
	sum.Write(cert.Raw)
	data := sum.Sum([]byte("tls-server-end-point:"))
	bindings := make([]byte, 16) // initiator and acceptor: type 0, length 0 each
	bindings = binary.LittleEndian.AppendUint32(bindings, uint32(len(data)))
	digest := md5.Sum(append(bindings, data...))
	return digest[:], nil
}
