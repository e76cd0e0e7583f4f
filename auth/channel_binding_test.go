package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/ntlmserver"
)

// What Debian's python3-ntlm-auth 1.4.0 computes for the certificates in
// testdata/binding, which were created with openssl.
var bindings = map[string]string{
	"ecdsa-sha1":        "feacbcf82ad1f84a247ae68ca1130550",
	"ecdsa-sha224":      "27f7b6dc6b344d82f53af5d88b500139",
	"ecdsa-sha256":      "7ef8ba64af07a8b2b4cf68ed3ac6cab5",
	"ecdsa-sha3-384":    "2c8970b9023769bd6bf915b469ea862a",
	"ecdsa-sha384":      "6c0d12935088b01216ada6802842a88c",
	"ecdsa-sha512":      "b969df2e4af120fdca252b271f2d58d6",
	"ed25519":           "", // none is defined
	"pss-sha1":          "96df8fe37348b91e60d7057f10a4f5dd",
	"pss-sha256":        "627d6143960aa6f10b52d6af7f775594",
	"pss-sha256-salt10": "ef0c6368c8a970e72eb0080de6369a0f",
	"pss-sha384":        "e3dae9c72de4e32a7cf09b62c9348727",
	"pss-sha512":        "ef80dad3b4e38402e8b0b1c05b61b16d",
	"rsa-md5":           "01aac3fe6910ee2d12c3f046b5c61ac3",
	"rsa-sha1":          "c7488727452e63836fa43eab2c3bea7f",
	"rsa-sha224":        "1ee43d01c62bafec55ca5b7dbe089edd",
	"rsa-sha256":        "27bb6bc5f18ecaa86bfa21f6235a376e",
	"rsa-sha3-256":      "71c10fdd7351954952a83745d8eeb6a0",
	"rsa-sha3-512":      "d472a3ceb3b1af58e9d849b8a52ad531",
	"rsa-sha384":        "e0989bdbb074b0b286ace155b8e9550c",
	"rsa-sha512":        "a478a9f11d204203e4c5f2edf548b4cb",
	"rsa-sha512-256":    "67f465f94efcb66b121783214a7d9b01",
}

func TestChannelBinding(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/binding/*.pem")
	require.NoError(t, err)
	require.Len(t, files, len(bindings))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".pem")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			block, _ := pem.Decode(text)
			cert, err := x509.ParseCertificate(block.Bytes)
			require.NoError(t, err)
			got := channelBinding(cert)
			assert.Equal(t, bindings[name], hex.EncodeToString(got))
			if want, err := ntlmserver.ChannelBinding(cert); err == nil {
				assert.Equal(t, want, got, "the test server agrees")
			}
		})
	}
	assert.Nil(t, channelBinding(&x509.Certificate{Raw: []byte("no DER")}))
}

// challengeMessage builds a CHALLENGE message as Windows lays it out.
func challengeMessage(info []byte) []byte {
	target := []byte("E\x00X\x00")
	b := append([]byte("NTLMSSP\x00"), 2, 0, 0, 0)
	b = append(b, 4, 0, 4, 0, 56, 0, 0, 0)
	b = append(b, 0x05, 0x82, 0x89, 0xa2) // flags
	b = append(b, "nonce678"...)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(info)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(info)))
	b = append(b, 60, 0, 0, 0)
	b = append(b, make([]byte, 8)...)
	b = append(b, target...)
	return append(b, info...)
}

func TestBindChallenge(t *testing.T) {
	t.Parallel()
	binding := []byte("0123456789abcdef")
	pair := append([]byte{10, 0, 16, 0}, binding...)
	domain := []byte{2, 0, 4, 0, 'E', 0, 'X', 0}
	stamp := []byte{7, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8}
	end := []byte{0, 0, 0, 0}
	for name, tc := range map[string]struct{ info, want []byte }{
		"usual":      {bytes.Join([][]byte{domain, stamp, end}, nil), bytes.Join([][]byte{domain, stamp, pair, end}, nil)},
		"none":       {nil, bytes.Join([][]byte{pair, end}, nil)},
		"empty":      {end, bytes.Join([][]byte{pair, end}, nil)},
		"has one":    {bytes.Join([][]byte{{10, 0, 16, 0}, make([]byte, 16), domain, end}, nil), bytes.Join([][]byte{domain, pair, end}, nil)},
		"after end":  {bytes.Join([][]byte{domain, end, stamp}, nil), bytes.Join([][]byte{domain, pair, end}, nil)},
		"zero value": {bytes.Join([][]byte{{9, 0, 0, 0}, end}, nil), bytes.Join([][]byte{{9, 0, 0, 0}, pair, end}, nil)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			challenge := challengeMessage(tc.info)
			before := bytes.Clone(challenge)
			got, err := bindChallenge(challenge, binding)
			require.NoError(t, err)
			assert.Equal(t, before, challenge, "the server's message is left alone")
			n := binary.LittleEndian.Uint16(got[40:])
			at := binary.LittleEndian.Uint32(got[44:])
			assert.Equal(t, n, binary.LittleEndian.Uint16(got[42:]))
			assert.Equal(t, tc.want, got[at:at+uint32(n)])
			assert.Equal(t, before[:40], got[:40])

			msg, err := authenticateMessage(challenge, binding, `EXAMPLE\svc`, "pass", "HOST")
			require.NoError(t, err)
			a, err := ntlmserver.ParseAuthenticate(msg)
			require.NoError(t, err)
			assert.Equal(t, binding, a.AV[10])
			assert.Equal(t, []string{"EXAMPLE", "svc", "HOST"}, []string{a.Domain, a.User, a.Workstation})
		})
	}
}

func TestBindChallengeRefuses(t *testing.T) {
	t.Parallel()
	good := challengeMessage([]byte{2, 0, 4, 0, 'E', 0, 'X', 0, 0, 0, 0, 0})
	change := func(at int, value ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], value)
		return b
	}
	for name, tc := range map[string]struct {
		challenge []byte
		want      string
	}{
		"empty":     {nil, "not an NTLM challenge"},
		"short":     {good[:47], "not an NTLM challenge"},
		"signature": {change(0, 'X'), "not an NTLM challenge"},
		"type":      {change(8, 3), "not an NTLM challenge"},
		"beyond":    {change(44, 255, 255, 255, 255), "beyond"},
		"no end":    {change(40, 8), "no end"},
		"cut":       {change(62, 200), "cut short"},
		"timestamp": {challengeMessage([]byte{7, 0, 4, 0, 1, 2, 3, 4, 0, 0, 0, 0}), "timestamp"},
		"too large": {challengeMessage(append(append([]byte{2, 0, 0xb4, 0xff}, make([]byte, 0xffb4)...), 0, 0, 0, 0)), "too long"},
		"too long":  {challengeMessage(append(append([]byte{2, 0, 0xf0, 0xff}, make([]byte, 0xfff0)...), 0, 0, 0, 0)), "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := bindChallenge(tc.challenge, make([]byte, 16))
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func FuzzAuthenticateMessage(f *testing.F) {
	f.Add(challengeMessage([]byte{2, 0, 4, 0, 'E', 0, 'X', 0, 0, 0, 0, 0}))
	f.Add(challengeMessage(nil))
	f.Add(challengeMessage([]byte{10, 0, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 7, 0, 0, 0, 0, 0, 0, 0}))
	f.Add([]byte("NTLMSSP\x00\x02\x00\x00\x00"))
	f.Add(challengeMessage([]byte{7, 0, 12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0})) // in the response, pairs would end before the first
	f.Add(challengeMessage([]byte{7, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0}))
	f.Add(challengeMessage(append(append([]byte{2, 0, 0xb0, 0xff}, make([]byte, 0xffb0)...), 0, 0, 0, 0)))
	binding := []byte("0123456789abcdef")
	f.Fuzz(func(t *testing.T, challenge []byte) {
		_, _ = authenticateMessage(challenge, nil, "u", "p", "")
		msg, err := authenticateMessage(challenge, binding, "u", "p", "")
		if err != nil || challenge[20]&1 == 0 {
			return
		}
		a, err := ntlmserver.ParseAuthenticate(msg)
		if err != nil {
			return // a duplicate pair, which the server would not send
		}
		if !bytes.Equal(a.AV[10], binding) {
			t.Errorf("binding %x", a.AV[10])
		}
	})
}

func FuzzChallengeFrom(f *testing.F) {
	f.Add("NTLM TlRMTVNTUAACAAAA, Negotiate")
	f.Add(`Basic realm="a, NTLM \" b", NTLM`)
	f.Fuzz(func(t *testing.T, value string) {
		msg, err := challengeFrom(map[string][]string{"Www-Authenticate": {value}}, schemeNTLM, strings.Clone)
		if err == nil && !bytes.HasPrefix(msg, []byte("NTLMSSP\x00")) {
			t.Errorf("%q taken for a challenge", msg)
		}
	})
}

func TestChallengeFrom(t *testing.T) {
	t.Parallel()
	const token = "TlRMTVNTUAACAAAA"
	for name, tc := range map[string]struct {
		values []string
		want   string // error, empty for none
	}{
		"alone":         {[]string{"NTLM " + token}, ""},
		"any case":      {[]string{"ntlm " + token}, ""},
		"second":        {[]string{"Negotiate", "NTLM " + token}, ""},
		"one line":      {[]string{`Basic realm="a, NTLM AAAA", charset="UTF-8", Negotiate, NTLM ` + token}, ""},
		"bare":          {[]string{"NTLM"}, "does not continue"},
		"other":         {[]string{"Negotiate", "Basic realm=x"}, "other scheme"},
		"basic":         {[]string{`Basic realm="mail"`}, `["Basic"]`},
		"bearer":        {[]string{"Bearer"}, "authentication.type"},
		"nothing":       {nil, "offers no way to sign in"},
		"not base64":    {[]string{"NTLM !"}, "Kerberos"},
		"not NTLM":      {[]string{"NTLM oYG2"}, "Kerberos"},
		"escaped quote": {[]string{`Basic realm="\", NTLM"`}, `["Basic"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := challengeFrom(map[string][]string{"Www-Authenticate": tc.values}, schemeNTLM, strings.Clone)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
		})
	}
}
