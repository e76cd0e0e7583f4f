package ntlmserver

import (
	"crypto/rc4"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test suite of RFC 1320, appendix A.5.
func TestMD4(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                           "31d6cfe0d16ae931b73c59d7e0c089c0",
		"a":                          "bde52cb31de33e46245e05fbdbd6fb24",
		"abc":                        "a448017aaf21d8525fc10ae87aa6729d",
		"message digest":             "d9130a8164549fe818874806e1c7014b",
		"abcdefghijklmnopqrstuvwxyz": "d79e1c308aa5bbcdeea8ed63df412da9",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789":                   "043f8582f241db351ce627e153e7f0e4",
		"12345678901234567890123456789012345678901234567890123456789012345678901234567890": "e33b4ddc9c38f2199c3e7b164fcc0536",
	} {
		assert.Equal(t, want, hex.EncodeToString(md4([]byte(in))), in)
	}
}

// The NTLMv2 example of MS-NLMP 4.2.4.
func TestNTLMv2Example(t *testing.T) {
	t.Parallel()
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	key := hmacMD5(md4(toUTF16("Password")), toUTF16("USERDomain"))
	assert.Equal(t, "0c868a403bfd7a93a3001ef22ef02e3f", hex.EncodeToString(key))

	temp := unhex("01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000" +
		"02000c0044006f006d00610069006e00" + "01000c005300650072007600650072000000000000000000")
	proof := hmacMD5(key, unhex("0123456789abcdef"), temp)
	assert.Equal(t, "68cd0ab851e51c96aabc927bebef6a1c", hex.EncodeToString(proof))
	assert.Equal(t, "8de40ccadbc14a82f15cb0ad0de95ca3", hex.EncodeToString(hmacMD5(key, proof)))

	msg := authenticateMessage("Domain", "User", append(proof, temp...), 0)
	s, err := New(Options{Password: func(domain, user string) (string, bool) {
		return "Password", domain == "Domain" && user == "User"
	}})
	require.NoError(t, err)
	h := &handshake{nonce: [8]byte(unhex("0123456789abcdef"))}
	user, err := s.verify(h, msg, nil)
	require.NoError(t, err)
	assert.Equal(t, `Domain\User`, user.String())

	h.nonce[0]++
	_, err = s.verify(h, msg, nil)
	require.ErrorContains(t, err, "wrong password")
}

// authenticateMessage builds an AUTHENTICATE message with room for a MIC.
func authenticateMessage(domain, user string, nt []byte, flags uint32) []byte {
	const header = micOffset + micSize
	d, u := toUTF16(domain), toUTF16(user)
	b := append([]byte(signature), typeAuthenticate, 0, 0, 0)
	b = appendField(b, 0, header)                                 // LM
	b = appendField(b, len(nt), header)                           // NT
	b = appendField(b, len(d), header+len(nt))                    // domain
	b = appendField(b, len(u), header+len(nt)+len(d))             // user
	b = appendField(b, 0, header)                                 // workstation
	b = appendField(b, 0, header)                                 // session key
	b = append(b, byte(flagUnicode|flags), 0, 0, byte(flags>>24)) // flags
	b = append(b, make([]byte, header-len(b))...)
	b = append(b, nt...)
	b = append(b, d...)
	return append(b, u...)
}

func TestMIC(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Password: func(string, string) (string, bool) { return "Password", true }})
	require.NoError(t, err)
	h := &handshake{negotiate: []byte("negotiate"), challenge: []byte("challenge")}
	var av []byte
	av = appendAV(av, avFlags, []byte{avFlagMIC, 0, 0, 0})
	av = appendAV(av, avEOL, nil)
	temp := append(make([]byte, 28), av...)
	temp = append(temp, 0, 0, 0, 0)
	key := hmacMD5(md4(toUTF16("Password")), toUTF16("USERDomain"))
	proof := hmacMD5(key, h.nonce[:], temp)
	msg := authenticateMessage("Domain", "User", append(proof, temp...), 0)

	_, err = s.verify(h, msg, nil)
	require.ErrorContains(t, err, "message integrity code")
	copy(msg[micOffset:], hmacMD5(hmacMD5(key, proof), h.negotiate, h.challenge, msg))
	_, err = s.verify(h, msg, nil)
	require.NoError(t, err)
	h.challenge[0]++
	_, err = s.verify(h, msg, nil)
	require.ErrorContains(t, err, "message integrity code", "it covers the challenge as it was sent")

	msg = authenticateMessage("Domain", "User", append(proof, temp...), flagKeyExchange)
	_, err = s.verify(h, msg, nil)
	require.ErrorContains(t, err, "session key of 0 bytes")
	// A key that the client chose, encrypted with the session base key.
	chosen := []byte("0123456789abcdef")
	cipher, err := rc4.NewCipher(hmacMD5(key, proof))
	require.NoError(t, err)
	encrypted := make([]byte, len(chosen))
	cipher.XORKeyStream(encrypted, chosen)
	copy(msg[52:], appendField(nil, len(encrypted), len(msg)))
	msg = append(msg, encrypted...)
	_, err = s.verify(h, msg, nil)
	require.ErrorContains(t, err, "message integrity code")
	copy(msg[micOffset:], hmacMD5(chosen, h.negotiate, h.challenge, msg))
	_, err = s.verify(h, msg, nil)
	require.NoError(t, err)
}

// TestNamesInOEM covers the names of clients that do not negotiate Unicode; the key is
// still derived from the Unicode names.
func TestNamesInOEM(t *testing.T) {
	t.Parallel()
	const user = "j\u00fcrgen"
	s, err := New(Options{Password: func(domain, name string) (string, bool) { return "Password", domain == "EXAMPLE" && name == user }})
	require.NoError(t, err)
	h := &handshake{}
	temp := make([]byte, 32)
	key := hmacMD5(md4(toUTF16("Password")), toUTF16(strings.ToUpper(user)+"EXAMPLE"))
	nt := append(hmacMD5(key, h.nonce[:], temp), temp...)
	for charset, name := range map[string]string{"UTF-8": user, "code page 437": "j\x81rgen"} {
		const header = 64
		b := append([]byte(signature), typeAuthenticate, 0, 0, 0)
		b = appendField(b, 0, header)
		b = appendField(b, len(nt), header)
		b = appendField(b, len("EXAMPLE"), header+len(nt))
		b = appendField(b, len(name), header+len(nt)+len("EXAMPLE"))
		b = appendField(b, 0, header)
		b = appendField(b, 0, header)
		b = append(b, flagOEM, 0, 0, 0)
		got, err := s.verify(h, append(append(append(b, nt...), "EXAMPLE"...), name...), nil)
		require.NoError(t, err, charset)
		assert.Equal(t, User{"EXAMPLE", user}, got, charset)
	}
}

// TestChallengesAreInKind checks what a client gets for the flags that it negotiates.
func TestChallengesAreInKind(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Password: func(string, string) (string, bool) { return "", false }})
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		flags, has, lacks uint32
		target            string
	}{
		"Unicode":       {flagUnicode | flagOEM | flagRequestTarget, flagUnicode | flagRequestTarget | flagTargetTypeServer, flagOEM | flagKeyExchange, string(toUTF16("EXCHANGE"))},
		"OEM":           {flagOEM | flagRequestTarget | flagNTLM, flagOEM | flagNTLM, flagUnicode, "EXCHANGE"},
		"neither":       {flagRequestTarget, flagNTLM, flagUnicode | flagOEM, "EXCHANGE"},
		"no target":     {flagUnicode, flagUnicode, flagRequestTarget | flagTargetTypeServer, ""},
		"keys and seal": {flagUnicode | flagKeyExchange | flagSeal | flagSign | flag128, flagKeyExchange | flagSeal | flagSign | flag128, flag56, ""},
	} {
		h, err := s.newHandshake(binary.LittleEndian.AppendUint32([]byte(signature+"\x01\x00\x00\x00"), tt.flags))
		require.NoError(t, err, name)
		flags := binary.LittleEndian.Uint32(h.challenge[20:])
		assert.Equal(t, tt.has|flagTargetInfo, flags&(tt.has|flagTargetInfo), name)
		assert.Zero(t, flags&tt.lacks, name)
		target, err := field(h.challenge, 12)
		require.NoError(t, err, name)
		assert.Equal(t, tt.target, string(target), name)
		info, err := field(h.challenge, 40)
		require.NoError(t, err, name)
		pairs, err := parseAV(info)
		require.NoError(t, err, name)
		assert.Equal(t, toUTF16("EXCHANGE"), pairs[avNbComputerName], name)
		assert.Len(t, pairs[avTimestamp], 8, name)
	}
}

func FuzzParseAuthenticate(f *testing.F) {
	av := appendAV(appendAV(nil, avFlags, []byte{avFlagMIC, 0, 0, 0}), avEOL, nil)
	f.Add(authenticateMessage("Domain", "User", append(make([]byte, 44), av...), 0))
	f.Add(authenticateMessage("", "", nil, 0))
	f.Add([]byte(signature + "\x03\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		a, err := ParseAuthenticate(msg)
		if err == nil && len(a.NT) < 44 {
			t.Errorf("an NT response of %d bytes passed", len(a.NT))
		}
	})
}

func TestParseAuthenticateRefuses(t *testing.T) {
	t.Parallel()
	good := authenticateMessage("Domain", "User", append(make([]byte, 44), 0, 0, 0, 0), 0)
	_, err := ParseAuthenticate(good)
	require.NoError(t, err)
	change := func(at int, value byte) []byte {
		b := append([]byte(nil), good...)
		b[at] = value
		return b
	}
	for name, tc := range map[string]struct {
		msg  []byte
		want string
	}{
		"empty":   {nil, "not an AUTHENTICATE"},
		"type":    {change(8, 1), "not an AUTHENTICATE"},
		"short":   {good[:40], "too short"},
		"offset":  {change(24, 255), "beyond"},
		"ntlm v1": {change(20, 24), "not NTLMv2"},
		"no end":  {change(20, 46), "MsvAvEOL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseAuthenticate(tc.msg)
			require.ErrorContains(t, err, tc.want)
		})
	}
	for name, b := range map[string][]byte{
		"cut":   {7, 0, 8, 0, 1},
		"twice": append(appendAV(appendAV(nil, 7, nil), 7, nil), 0, 0, 0, 0),
	} {
		_, err := parseAV(b)
		require.Error(t, err, name)
	}
}
