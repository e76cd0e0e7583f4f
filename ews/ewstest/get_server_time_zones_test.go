package ewstest_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func zonesXML(attribute string, ids ...string) string {
	list := ""
	for _, id := range ids {
		list += "<t:Id>" + id + "</t:Id>"
	}
	if list != "" {
		list = "<m:Ids>" + list + "</m:Ids>"
	}
	return "<m:GetServerTimeZones" + attribute + ">" + list + "</m:GetServerTimeZones>"
}

func TestGetServerTimeZones(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		answer := c.do(zonesXML(` ReturnFullTimeZoneData="false"`, "Eastern Standard Time", "Pacific Standard Time"))
		require.Equal(t, []string{"NoError"}, codes(answer))
		assert.Equal(t, []string{"Eastern Standard Time", "Pacific Standard Time"}, attrs(answer, "TimeZoneDefinition", "Id"))
		assert.Equal(t, []string{"(UTC-05:00) Eastern Time (US &amp; Canada)", "(UTC-08:00) Pacific Time (US &amp; Canada)"}, attrs(answer, "TimeZoneDefinition", "Name"))
		assert.NotContains(t, answer, "Periods")
		for _, attribute := range []string{"", ` ReturnFullTimeZoneData="true"`} {
			answer = c.do(zonesXML(attribute, "eastern standard time"))
			assert.Equal(t, []string{"PT5H", "PT4H"}, attrs(answer, "Period", "Bias"), "UTC is later")
			assert.Equal(t, []string{"3", "11"}, texts(answer, "Month"))
			assert.Equal(t, []string{"2", "1"}, texts(answer, "Occurrence"))
			assert.Equal(t, []string{"PT2H", "PT2H"}, texts(answer, "TimeOffset"))
		}
		assert.Equal(t, []string{"-PT5H45M"}, attrs(c.do(zonesXML("", "Nepal Standard Time")), "Period", "Bias"))
		assert.Equal(t, []string{"PT0M"}, attrs(c.do(zonesXML("", "UTC")), "Period", "Bias"))
		answer = c.do(zonesXML("", "Atlantis Standard Time", "UTC"))
		assert.Equal(t, []string{"NoError"}, codes(answer))
		assert.Equal(t, []string{"UTC"}, attrs(answer, "TimeZoneDefinition", "Id"), "the other is not known")
	}
	old := newCaller(t, ewstest.Options{Version: ewstest.Exchange2010SP3}).in("Exchange2007_SP1")
	assert.Equal(t, []string{"ErrorIncorrectSchemaVersion"}, codes(old.do(zonesXML(""))))
	c := newCaller(t, ewstest.Options{})
	assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(c.do("<m:GetServerTimeZones><m:Ids/></m:GetServerTimeZones>")))
}

// TestEveryTimeZone looks at all zones: each has one or two periods that differ by an
// hour, and refers only to periods that it has.
func TestEveryTimeZone(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	answer := c.do(zonesXML(""))
	zones := strings.Split(answer, "<t:TimeZoneDefinition ")[1:]
	assert.Greater(t, len(zones), 130)
	seen := make(map[string]bool)
	minutes := func(bias string) int {
		sign := -1
		rest := strings.TrimPrefix(bias, "PT")
		if after, ok := strings.CutPrefix(bias, "-PT"); ok {
			sign, rest = 1, after
		}
		n := 0
		if hours, after, ok := strings.Cut(rest, "H"); ok {
			h, err := strconv.Atoi(hours)
			require.NoError(t, err)
			n, rest = h*60, after
		}
		if rest != "" {
			m, err := strconv.Atoi(strings.TrimSuffix(rest, "M"))
			require.NoError(t, err)
			n += m
		}
		return sign * n
	}
	for _, z := range zones {
		z = "<t:TimeZoneDefinition " + z
		id := attrs(z, "TimeZoneDefinition", "Id")[0]
		assert.False(t, seen[id], id)
		seen[id] = true
		periods := attrs(z, "Period", "Id")
		biases := attrs(z, "Period", "Bias")
		targets := texts(z, "To")
		standard := minutes(biases[0])
		if len(periods) == 2 {
			assert.Equal(t, standard+60, minutes(biases[1]), id)
			assert.Equal(t, []string{periods[1], periods[0], "0"}, targets, id)
		} else {
			assert.Equal(t, []string{periods[0], "0"}, targets, id)
		}
		name := attrs(z, "TimeZoneDefinition", "Name")[0]
		sign := 1
		if strings.HasPrefix(name, "(UTC-") {
			sign = -1
		}
		if standard != 0 {
			h, err := strconv.Atoi(name[5:7])
			require.NoError(t, err)
			m, err := strconv.Atoi(name[8:10])
			require.NoError(t, err)
			assert.Equal(t, sign*(h*60+m), standard, name)
		}
	}
	for _, id := range []string{"W. Europe Standard Time", "GMT Standard Time"} {
		offsets := texts(c.do(zonesXML("", id)), "TimeOffset")
		assert.Equal(t, map[string][]string{"W. Europe Standard Time": {"PT2H", "PT3H"}, "GMT Standard Time": {"PT1H", "PT2H"}}[id], offsets)
	}
}
