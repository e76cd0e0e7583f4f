package auth

import (
	"crypto"
	"crypto/md5"
	_ "crypto/sha256" // registers the hashes
	_ "crypto/sha3"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
)

// avChannelBindings is the id of the AV pair MsvAvChannelBindings (MS-NLMP
// 2.2.2.1), bindingSize its length.
const (
	avChannelBindings = 0x000A
	bindingSize       = md5.Size
)

// avTimestamp is the id of MsvAvTimestamp, and timestampSize the length of the FILETIME
// in it. The NTLMv2 response has a field of this length for it.
const (
	avTimestamp   = 0x0007
	timestampSize = 8
)

// maxTargetInfo is the longest target information that the NTLMv2 response can repeat:
// the length of the response has 16 bits, and 48 bytes surround the information.
const maxTargetInfo = 0xffff - 48

// channelBinding returns the value of MsvAvChannelBindings for a TLS connection
// whose server presented cert: the MD5 of a gss_channel_bindings_struct without
// addresses (RFC 2744) around the tls-server-end-point binding (RFC 5929). It
// returns nil if no binding is defined for the certificate's signature.
func channelBinding(cert *x509.Certificate) []byte {
	hash := endPointHash(cert)
	if hash == 0 {
		return nil
	}
	sum := hash.New()
	sum.Write(cert.Raw)
	data := sum.Sum([]byte("tls-server-end-point:"))
	// Types and lengths of two absent addresses, then the data.
	var b [20]byte
	binary.LittleEndian.PutUint32(b[16:], uint32(len(data)))
	digest := md5.Sum(append(b[:], data...))
	return digest[:]
}

// oid returns an id as text, for the tables below.
func oid(id asn1.ObjectIdentifier) string { return id.String() }

const oidPSS = "1.2.840.113549.1.1.10"

// signatureHash returns the hash that a signature algorithm uses, 0 if unknown.
// crypto/x509 does not know all of them.
func signatureHash(id string) crypto.Hash {
	switch id {
	case "1.2.840.113549.1.1.4": // md5WithRSAEncryption
		return crypto.MD5
	case "1.2.840.113549.1.1.5", "1.3.14.3.2.29", // sha1WithRSAEncryption
		"1.2.840.10045.4.1", "1.2.840.10040.4.3": // ECDSA, DSA
		return crypto.SHA1
	case "1.2.840.113549.1.1.14", "1.2.840.10045.4.3.1", "2.16.840.1.101.3.4.3.1":
		return crypto.SHA224
	case "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2", "2.16.840.1.101.3.4.3.2":
		return crypto.SHA256
	case "1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3", "2.16.840.1.101.3.4.3.3":
		return crypto.SHA384
	case "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4", "2.16.840.1.101.3.4.3.4":
		return crypto.SHA512
	case "1.2.840.113549.1.1.15":
		return crypto.SHA512_224
	case "1.2.840.113549.1.1.16":
		return crypto.SHA512_256
	case "2.16.840.1.101.3.4.3.9", "2.16.840.1.101.3.4.3.13": // ECDSA, RSA
		return crypto.SHA3_224
	case "2.16.840.1.101.3.4.3.10", "2.16.840.1.101.3.4.3.14":
		return crypto.SHA3_256
	case "2.16.840.1.101.3.4.3.11", "2.16.840.1.101.3.4.3.15":
		return crypto.SHA3_384
	case "2.16.840.1.101.3.4.3.12", "2.16.840.1.101.3.4.3.16":
		return crypto.SHA3_512
	}
	return 0
}

// digestHash returns the hash named in the parameters of RSA-PSS, 0 if unknown.
func digestHash(id string) crypto.Hash {
	switch id {
	case "", "1.3.14.3.2.26": // the default
		return crypto.SHA1
	case "2.16.840.1.101.3.4.2.4":
		return crypto.SHA224
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512
	}
	return 0
}

// endPointHash returns the hash of RFC 5929, section 4.1: the one used by the
// certificate's signature, but SHA-256 instead of MD5 and SHA-1; 0 if none.
func endPointHash(cert *x509.Certificate) crypto.Hash {
	var c struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.Raw, &c); err != nil {
		return 0
	}
	id := oid(c.Algorithm.Algorithm)
	hash := signatureHash(id)
	if id == oidPSS {
		var params struct {
			Hash    pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:0"`
			MGF     pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:1"`
			Salt    int                      `asn1:"optional,explicit,tag:2"`
			Trailer int                      `asn1:"optional,explicit,tag:3"`
		}
		if _, err := asn1.Unmarshal(c.Algorithm.Parameters.FullBytes, &params); err != nil {
			return 0
		}
		hash = digestHash(oid(params.Hash.Algorithm))
	}
	if hash == crypto.MD5 || hash == crypto.SHA1 {
		hash = crypto.SHA256
	}
	return hash
}

// bindChallenge returns a copy of a CHALLENGE message with the channel binding
// added to its target information, which the NTLMv2 response repeats and signs.
// Target information is added if the challenge has none.
func bindChallenge(challenge, binding []byte) ([]byte, error) {
	const fieldAt, header = 40, 48 // offset of the target information field; minimum length
	if len(challenge) < header || string(challenge[:8]) != "NTLMSSP\x00" || binary.LittleEndian.Uint32(challenge[8:]) != 2 {
		return nil, errors.New("not an NTLM challenge")
	}
	n := uint64(binary.LittleEndian.Uint16(challenge[fieldAt:]))
	start := uint64(binary.LittleEndian.Uint32(challenge[fieldAt+4:]))
	var info []byte
	if n > 0 {
		if start+n > uint64(len(challenge)) {
			return nil, errors.New("the target information extends beyond the challenge")
		}
		var err error
		if info, err = withoutBinding(challenge[start : start+n]); err != nil {
			return nil, err
		}
	}
	bound := append([]byte(nil), challenge...)
	bound = append(bound, info...)
	bound = append(bound, avChannelBindings, 0, bindingSize, 0)
	bound = append(bound, binding...)
	bound = append(bound, 0, 0, 0, 0) // MsvAvEOL
	size := len(bound) - len(challenge)
	if size > maxTargetInfo {
		return nil, errors.New("the target information is too long")
	}
	binary.LittleEndian.PutUint16(bound[fieldAt:], uint16(size))
	binary.LittleEndian.PutUint16(bound[fieldAt+2:], uint16(size))
	binary.LittleEndian.PutUint32(bound[fieldAt+4:], uint32(len(challenge)))
	return bound, nil
}

// withoutBinding returns the AV pairs before MsvAvEOL, without any channel
// binding. It refuses a timestamp of the wrong length, which would make the pairs of the
// response begin in the wrong place.
func withoutBinding(pairs []byte) ([]byte, error) {
	var kept []byte
	for {
		if len(pairs) < 4 {
			return nil, errors.New("the target information has no end")
		}
		id := binary.LittleEndian.Uint16(pairs)
		size := 4 + int(binary.LittleEndian.Uint16(pairs[2:]))
		if id == 0 {
			return kept, nil
		}
		if len(pairs) < size {
			return nil, errors.New("the target information is cut short")
		}
		if id == avTimestamp && size != 4+timestampSize {
			return nil, errors.New("the server's timestamp does not have 8 bytes")
		}
		if id != avChannelBindings {
			kept = append(kept, pairs[:size]...)
		}
		pairs = pairs[size:]
	}
}
