package exchange_test

import (
	"bytes"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Valid configurations, which the tests spoil.
const (
	goodNTLM = `{"name": "Head office", "ewsUrl": "https://mail.example.test/EWS/Exchange.asmx", "quarantineMailbox": "quarantine@example.test",
		"authentication": {"type": "ntlm", "username": "EXAMPLE\\svc", "password": "` + configPassword + `"}}`
	goodImpersonation = `{"ewsUrl": "https://mail.example.test/EWS/Exchange.asmx", "quarantineMailbox": "quarantine@example.test", "access": "impersonation",
		"quarantineHeader": {"name": "X-Quarantined", "value": "yes"},
		"authentication": {"type": "basic", "username": "svc@example.test", "password": "` + configPassword + `"}}`
	goodOnline = `{"quarantineMailbox": "quarantine@example.test",
		"authentication": {"type": "azureAD", "applicationId": "00001111-aaaa-2222-bbbb-3333cccc4444", "tenantId": "customer.onmicrosoft.com", "privateKeyFile": "cert.pfx"}}`
	goodDiscovery = `{"quarantineMailbox": "quarantine@example.test", "authentication": {"type": "ntlm", "username": "EXAMPLE\\svc", "password": "` + configPassword + `"}}`
	goodExternal  = `{"ewsUrl": "https://mail.example.test/EWS/Exchange.asmx", "quarantineMailbox": "quarantine@example.test", "authentication": {"type": "external"}}`
	goodSearch    = `{"ewsUrl": "https://mail.example.test/EWS/Exchange.asmx", "quarantineMailbox": "quarantine@example.test", "messageIdSearch": true,
		"searchLimits": {"perMailbox": 10, "total": 100, "examined": 1000, "protected": ["ceo@example.test"]},
		"authentication": {"type": "ntlm", "username": "EXAMPLE\\svc", "password": "` + configPassword + `"}}`
)

// badConfigs has faults in every field: absurd, contradictory and malformed
// values.
var badConfigs = map[string]bad{
	"enabled as text":         {goodNTLM, set("enabled", "false"), "enabled", "true or false", false},
	"enabled as number":       {goodNTLM, set("enabled", 0), "enabled", "true or false", false},
	"name as number":          {goodNTLM, set("name", 7), "name", "string", false},
	"name of two lines":       {goodNTLM, set("name", "Head\noffice"), "name", "one line", false},
	"name with spaces around": {goodNTLM, set("name", " Head office"), "name", "remove it", false},
	"long name":               {goodNTLM, set("name", strings.Repeat("x", 256)), "name", "at most 255", false},

	"URL as object":            {goodNTLM, set("ewsUrl", map[string]any{}), "ewsUrl", "string", false},
	"URL without scheme":       {goodNTLM, set("ewsUrl", "mail.example.test/EWS/Exchange.asmx"), "ewsUrl", "https://", false},
	"URL of mail":              {goodNTLM, set("ewsUrl", "imaps://mail.example.test/EWS/Exchange.asmx"), "ewsUrl", "https://", false},
	"URL with space":           {goodNTLM, set("ewsUrl", "https://mail.example.test/EWS/Exchange.asmx "), "ewsUrl", "white space", false},
	"URL with wildcard":        {goodNTLM, set("ewsUrl", "https://*.example.test/EWS/Exchange.asmx"), "ewsUrl", "invalid host name", false},
	"URL with two dots":        {goodNTLM, set("ewsUrl", "https://mail..test/EWS/Exchange.asmx"), "ewsUrl", "invalid host name", true},
	"URL with no such port":    {goodNTLM, set("ewsUrl", "https://mail.example.test:65536/EWS/Exchange.asmx"), "ewsUrl", "port", true},
	"URL with port 0":          {goodNTLM, set("ewsUrl", "https://mail.example.test:0/EWS/Exchange.asmx"), "ewsUrl", "port", true},
	"URL with password":        {goodNTLM, set("ewsUrl", "https://svc:"+configPassword+"@mail.example.test/EWS/Exchange.asmx"), "ewsUrl", "remove it", false},
	"URL without path":         {goodNTLM, set("ewsUrl", "https://mail.example.test"), "ewsUrl", "/EWS/Exchange.asmx", false},
	"URL of the description":   {goodNTLM, set("ewsUrl", "https://mail.example.test/EWS/Exchange.asmx?wsdl"), "ewsUrl", "query (?)", false},
	"URL of the web client":    {goodNTLM, set("ewsUrl", "https://mail.example.test/OWA/"), "ewsUrl", "another Exchange service", true},
	"URL of Autodiscover":      {goodNTLM, set("ewsUrl", "https://mail.example.test/autodiscover/autodiscover.xml"), "ewsUrl", "another Exchange service", true},
	"plain HTTP":               {goodNTLM, set("ewsUrl", "http://mail.example.test/EWS/Exchange.asmx"), "ewsUrl", "allowPlainHTTP", false},
	"plain HTTP with a token":  {goodOnline, set("ewsUrl", "http://127.0.0.1/EWS/Exchange.asmx"), "ewsUrl", "token", false},
	"URL that cannot be found": {goodDiscovery, set("quarantineMailbox", "quarantine@example"), "ewsUrl", "Autodiscover cannot look up the domain", true},
	"cloud that cannot be told": {goodOnline, set("authentication.authenticationEndpoint", "https://login.microsoftonline.us"), "ewsUrl",
		"https://outlook-dod.office365.us/EWS/Exchange.asmx (DoD)", true},
	"cloud that nobody knows": {goodOnline, set("authentication.authenticationEndpoint", "https://login.example.test"), "ewsUrl", "set ewsUrl", true},

	"API as number":          {goodOnline, set("api", 2), "api", "string", false},
	"API of nobody":          {goodOnline, set("api", "imap"), "api", `"ews" or "graph"`, false},
	"Graph with a password":  {goodNTLM, set("api", "graph"), "api", `"azureAD"`, true},
	"Graph in China":         {goodOnline, map[string]any{"api": "graph", "authentication.authenticationEndpoint": "https://login.chinacloudapi.cn"}, "api", "China", true},
	"in place over EWS":      {goodOnline, set("quarantineInPlace", true), "quarantineInPlace", `api is not "graph"`, false},
	"in place and a mailbox": {goodOnline, map[string]any{"api": "graph", "quarantineInPlace": true}, "quarantineMailbox", "its own mailbox", false},
	"in place, per mailbox":  {goodOnline, map[string]any{"api": "graph", "quarantineInPlace": true, "quarantineMailbox": drop{}, "folderPerMailbox": true}, "folderPerMailbox", "remove it", false},
	"in place as text":       {goodOnline, set("quarantineInPlace", "true"), "quarantineInPlace", "true or false", false},
	"in place, which cloud":  {goodOnline, map[string]any{"api": "graph", "quarantineInPlace": true, "quarantineMailbox": drop{}, "authentication.authenticationEndpoint": "https://login.microsoftonline.us"}, "graphUrl", "DoD", true},
	"in place, two clouds":   {goodOnline, map[string]any{"api": "graph", "quarantineInPlace": true, "quarantineMailbox": drop{}, "graphUrl": "https://graph.microsoft.us"}, "authentication.authenticationEndpoint", "login.microsoftonline.us", true},
	"reports to nobody":      {goodNTLM, set("reportMailbox", "abuse"), "reportMailbox", "name@example.com", false},
	"reports as list":        {goodNTLM, set("reportMailbox", list("abuse@example.test")), "reportMailbox", "string", false},
	"reports in quarantine":  {goodNTLM, map[string]any{"quarantineMailbox": "q@example.test", "reportMailbox": "Q@example.test"}, "reportMailbox", "of their own", true},
	"Graph and a server":     {goodOnline, map[string]any{"api": "graph", "ewsUrl": "https://mail.example.test/EWS/Exchange.asmx"}, "ewsUrl", "Exchange Online", true},
	"Graph and hosts":        {goodOnline, map[string]any{"api": "graph", "autodiscoverHosts": list("mail.example.net")}, "autodiscoverHosts", "remove it", false},
	"Graph and archives":     {goodOnline, map[string]any{"api": "graph", "scanOnlineArchive": true}, "scanOnlineArchive", "set it to false", true},
	"Graph's URL as number":  {goodOnline, map[string]any{"api": "graph", "graphUrl": 1}, "graphUrl", "string", false},
	"Graph's URL of EWS":     {goodOnline, set("graphUrl", "https://graph.microsoft.com"), "graphUrl", `"api": "graph"`, true},
	"messages anew over EWS": {goodOnline, set("recreateMessages", true), "recreateMessages", `"api": "graph"`, true},
	"messages anew as text":  {goodOnline, map[string]any{"api": "graph", "recreateMessages": "yes"}, "recreateMessages", "true or false", false},
	"a policy with Graph":    {goodOnline, map[string]any{"api": "graph", "throttling.concurrency": 9}, "throttling", "of Exchange Web Services", true},
	"one by one with Graph":  {goodOnline, map[string]any{"api": "graph", "oneByOne": true}, "oneByOne", "has no effect", true},
	"plain HTTP with Graph":  {goodOnline, map[string]any{"api": "graph", "allowPlainHTTP": true}, "allowPlainHTTP", "has no effect", false},
	"Graph's URL and path":   {goodOnline, map[string]any{"api": "graph", "graphUrl": "https://graph.microsoft.com/v1.0"}, "graphUrl", "has a path", false},
	"Graph's URL in clear":   {goodOnline, map[string]any{"api": "graph", "graphUrl": "http://graph.example.test"}, "graphUrl", "https://", true},
	"Graph's URL and secret": {goodOnline, map[string]any{"api": "graph", "graphUrl": "https://svc:" + configPassword + "@graph.example.test"}, "graphUrl", "remove it", false},

	"hosts as text":           {goodDiscovery, set("autodiscoverHosts", "mail.example.net"), "autodiscoverHosts", "array", false},
	"hosts beside the URL":    {goodNTLM, set("autodiscoverHosts", list("mail.example.net")), "autodiscoverHosts", "ewsUrl", false},
	"hosts of an application": {goodOnline, set("autodiscoverHosts", list("mail.example.net")), "autodiscoverHosts", `"azureAD"`, false},
	"host as URL":             {goodDiscovery, set("autodiscoverHosts", list("https://mail.example.net")), "autodiscoverHosts[0]", "mail.example.com", false},
	"host with wildcard":      {goodDiscovery, set("autodiscoverHosts", list("a.test", "*.example.net")), "autodiscoverHosts[1]", "wildcard", false},
	"host as address":         {goodDiscovery, set("autodiscoverHosts", list("192.0.2.7")), "autodiscoverHosts[0]", "full host name", false},
	"everybody's hosts":       {goodDiscovery, set("autodiscoverHosts", list("co.uk")), "autodiscoverHosts[0]", "anybody", true},
	"host of Exchange Online": {goodDiscovery, set("autodiscoverHosts", list("outlook.office365.com")), "autodiscoverHosts[0]", `"azureAD"`, true},
	"host twice":              {goodDiscovery, set("autodiscoverHosts", list("a.test", "A.test")), "autodiscoverHosts[1]", "remove one", true},

	"plain HTTP as text":    {goodNTLM, set("allowPlainHTTP", "yes"), "allowPlainHTTP", "true or false", false},
	"plain HTTP of nothing": {goodDiscovery, set("allowPlainHTTP", true), "allowPlainHTTP", "set ewsUrl", false},

	"no mailbox":             {goodNTLM, set("quarantineMailbox", drop{}), "quarantineMailbox", "primary SMTP address", false},
	"mailbox as name":        {goodNTLM, set("quarantineMailbox", "Quarantine"), "quarantineMailbox", "name@example.com", false},
	"mailbox as URL":         {goodNTLM, set("quarantineMailbox", "smtp:quarantine@example.test"), "quarantineMailbox", "name@example.com", false},
	"mailbox with line":      {goodNTLM, set("quarantineMailbox", "quarantine@example.test\n"), "quarantineMailbox", "control character", false},
	"mailbox with two dots":  {goodNTLM, set("quarantineMailbox", "quarantine@example..test"), "quarantineMailbox", "too many dots", false},
	"long mailbox":           {goodNTLM, set("quarantineMailbox", strings.Repeat("q", 250)+"@example.test"), "quarantineMailbox", "254", false},
	"mailbox with display":   {goodNTLM, set("quarantineMailbox", "Q <q@example.test>"), "quarantineMailbox", "name@example.com", false},
	"domains as object":      {goodNTLM, set("domains", map[string]any{}), "domains", "array", false},
	"domain as number":       {goodNTLM, set("domains", list(1)), "domains[0]", "string", false},
	"domain with @":          {goodNTLM, set("domains", list("@example.test")), "domains[0]", "without @", false},
	"domain as IP":           {goodNTLM, set("domains", list("192.0.2.1")), "domains[0]", "example.com", false},
	"domain with hyphen":     {goodNTLM, set("domains", list("-example.test")), "domains[0]", "example.com", false},
	"domain twice":           {goodNTLM, set("domains", list("example.test", "EXAMPLE.test")), "domains[1]", "repeats domains[0]", true},
	"mailboxes as text":      {goodNTLM, set("mailboxes", "a@example.test"), "mailboxes", "array", false},
	"mailboxes as a domain":  {goodNTLM, set("mailboxes", list("example.test")), "mailboxes[0]", "name@example.com", false},
	"mailboxes twice":        {goodNTLM, set("mailboxes", list("a@example.test", "A@example.test")), "mailboxes[1]", "repeats mailboxes[0]", true},
	"access in another case": {goodNTLM, set("access", "FullAccess"), "access", `"fullAccess"`, false},
	"access as Exchange has": {goodNTLM, set("access", "ApplicationImpersonation"), "access", `"impersonation"`, false},
	"a misspelt access":      {goodNTLM, set("access", "FullAcess"), "access", `did you mean fullAccess?`, false},
	"FullAccess of an app":   {goodOnline, set("access", "fullAccess"), "access", `"impersonation"`, false},

	"authentication as text":    {goodNTLM, set("authentication", "ntlm"), "authentication", "object", false},
	"no type":                   {goodNTLM, set("authentication.type", drop{}), "authentication.type", `"ntlm"`, false},
	"type as people say":        {goodNTLM, set("authentication.type", "NTLM"), "authentication.type", `"ntlm"`, false},
	"type of the future":        {goodNTLM, set("authentication.type", "kerberos"), "authentication.type", `"ntlm"`, false},
	"password for Online":       {goodNTLM, set("ewsUrl", "https://outlook.office365.com/EWS/Exchange.asmx"), "authentication.type", `"azureAD"`, false},
	"no user":                   {goodNTLM, set("authentication.username", drop{}), "authentication.username", `DOMAIN\user`, false},
	"user without domain":       {goodNTLM, set("authentication.username", "svc"), "authentication.username", `DOMAIN\user`, false},
	"user of two domains":       {goodNTLM, set("authentication.username", `EXAMPLE\svc@example.test`), "authentication.username", `DOMAIN\user`, false},
	"user of two at":            {goodNTLM, set("authentication.username", "svc@a@example.test"), "authentication.username", `user@example.com`, false},
	"user of one backslash":     {goodNTLM, set("authentication.username", "EXAMPLE\nsvc"), "authentication.username", "two backslashes", false},
	"user with a space":         {goodNTLM, set("authentication.username", "svc@example.test "), "authentication.username", "space", false},
	"long user":                 {goodNTLM, set("authentication.username", strings.Repeat("s", 1024)+"@example.test"), "authentication.username", "1024", false},
	"colon with Basic":          {goodImpersonation, set("authentication.username", "a:b@example.test"), "authentication.username", "colon", false},
	"user of an application":    {goodOnline, set("authentication.username", "svc@example.test"), "authentication.username", `"ntlm" or "basic"`, false},
	"no password":               {goodNTLM, set("authentication.password", drop{}), "authentication.password", "EWSQ_PASSWORD_HEAD_OFFICE, or EWSQ_PASSWORD", true},
	"password with line end":    {goodNTLM, set("authentication.password", configPassword+"\n"), "authentication.password", "line break", false},
	"password twice":            {goodNTLM, set("authentication.passwordFile", "password.txt"), "authentication.passwordFile", "remove one", false},
	"password in a folder":      {goodNTLM, map[string]any{"authentication.password": drop{}, "authentication.passwordFile": "/etc/"}, "authentication.passwordFile", "file in it", false},
	"password file of an app":   {goodOnline, set("authentication.passwordFile", "password.txt"), "authentication.passwordFile", `"ntlm" or "basic"`, false},
	"password over journal":     {goodNTLM, map[string]any{"authentication.password": drop{}, "authentication.passwordFile": "p", "journalFile": "p"}, "journalFile", "separate file", true},
	"client as a folder":        {goodNTLM, set("clientCertificateFile", "/etc/"), "clientCertificateFile", "file in it", false},
	"client password alone":     {goodNTLM, set("clientCertificatePassword", configPassword), "clientCertificatePassword", "clientCertificateFile is not", true},
	"client password, line end": {goodNTLM, map[string]any{"clientCertificateFile": "c.pfx", "clientCertificatePassword": configPassword + "\n"}, "clientCertificatePassword", "line break", false},
	"renegotiation without TLS": {goodNTLM, map[string]any{"tlsRenegotiation": true, "ewsUrl": "http://127.0.0.1/EWS/Exchange.asmx"}, "tlsRenegotiation", "use https", true},
	"renegotiation as text":     {goodNTLM, set("tlsRenegotiation", "yes"), "tlsRenegotiation", "true or false", false},
	"password as number":        {goodNTLM, set("authentication.password", 1234), "authentication.password", "string", false},
	"password of an app":        {goodOnline, set("authentication.password", configPassword), "authentication.password", `"ntlm" or "basic"`, false},
	"no application":            {goodOnline, set("authentication.applicationId", drop{}), "authentication.applicationId", "client", false},
	"application by name":       {goodOnline, set("authentication.applicationId", "Mail quarantine"), "authentication.applicationId", "GUID", false},
	"application in braces":     {goodOnline, set("authentication.applicationId", "{00001111-aaaa-2222-bbbb-3333cccc4444}"), "authentication.applicationId", "GUID", false},
	"application with NTLM":     {goodNTLM, set("authentication.applicationId", "00001111-aaaa-2222-bbbb-3333cccc4444"), "authentication.applicationId", `"azureAD"`, false},
	"no tenant":                 {goodOnline, set("authentication.tenantId", drop{}), "authentication.tenantId", "onmicrosoft.com", false},
	"tenant for all":            {goodOnline, set("authentication.tenantId", "organizations"), "authentication.tenantId", "no particular tenant", false},
	"tenant as URL":             {goodOnline, set("authentication.tenantId", "https://customer.onmicrosoft.com"), "authentication.tenantId", "domain", false},
	"tenant with Basic":         {goodImpersonation, set("authentication.tenantId", "customer.onmicrosoft.com"), "authentication.tenantId", `"azureAD"`, false},
	"authority without TLS":     {goodOnline, set("authentication.authenticationEndpoint", "http://login.windows.net"), "authentication.authenticationEndpoint", "https", false},
	"authority with tenant":     {goodOnline, set("authentication.authenticationEndpoint", "https://login.windows.net/common"), "authentication.authenticationEndpoint", "authentication.tenantId", false},
	"authority as host":         {goodOnline, set("authentication.authenticationEndpoint", "login.windows.net"), "authentication.authenticationEndpoint", "https://login.windows.net", false},
	"authority of nobody":       {goodOnline, set("authentication.authenticationEndpoint", "https:///"), "authentication.authenticationEndpoint", "has no host", false},
	"authority of NTLM":         {goodNTLM, set("authentication.authenticationEndpoint", "https://login.microsoftonline.us"), "authentication.authenticationEndpoint", `"azureAD"`, false},
	"authority elsewhere": {goodOnline, map[string]any{
		"ewsUrl": "https://partner.outlook.cn/EWS/Exchange.asmx", "authentication.authenticationEndpoint": "https://login.microsoftonline.com",
	}, "authentication.authenticationEndpoint", "https://login.partner.microsoftonline.cn", true},
	"no key":                  {goodOnline, set("authentication.privateKeyFile", drop{}), "authentication.privateKeyFile", "PFX", false},
	"key as a folder":         {goodOnline, set("authentication.privateKeyFile", "/etc/keys/"), "authentication.privateKeyFile", "file in it", false},
	"key with NTLM":           {goodNTLM, set("authentication.privateKeyFile", "cert.pfx"), "authentication.privateKeyFile", `"azureAD"`, false},
	"key password, line end":  {goodOnline, set("authentication.privateKeyPassword", configPassword+"\r\n"), "authentication.privateKeyPassword", "line break", false},
	"key password with Basic": {goodImpersonation, set("authentication.privateKeyPassword", configPassword), "authentication.privateKeyPassword", `"azureAD"`, false},
	"no binding, Basic":       {goodImpersonation, set("authentication.disableChannelBinding", true), "authentication.disableChannelBinding", `"ntlm"`, false},
	"no binding, application": {goodOnline, set("authentication.disableChannelBinding", true), "authentication.disableChannelBinding", `"ntlm" or "basic"`, false},
	"external, two lines":     {goodExternal, set("authentication.username", "svc\nroot"), "authentication.username", "control character", false},
	"external, password":      {goodExternal, set("authentication.password", configPassword), "authentication.password", `"ntlm", "basic"`, false},
	"external, password file": {goodExternal, set("authentication.passwordFile", "password.txt"), "authentication.passwordFile", `"ntlm", "basic"`, false},
	"external, tenant":        {goodExternal, set("authentication.tenantId", "customer.onmicrosoft.com"), "authentication.tenantId", `"azureAD"`, false},
	"external, plain HTTP":    {goodExternal, set("ewsUrl", "http://mail.example.test/EWS/Exchange.asmx"), "ewsUrl", "use https", false},
	"no binding, as text":     {goodNTLM, set("authentication.disableChannelBinding", "no"), "authentication.disableChannelBinding", "true or false", false},

	"folder as path":            {goodNTLM, set("quarantineFolder", "Inbox/Quarantine"), "quarantineFolder", "not a path", false},
	"folder as path of Windows": {goodNTLM, set("quarantineFolder", `\Quarantine`), "quarantineFolder", "not a path", false},
	"folder of surplus copies":  {goodNTLM, set("quarantineFolder", "surplus"), "quarantineFolder", "surplus copies", false},
	"blank folder":              {goodNTLM, set("quarantineFolder", "  "), "quarantineFolder", "space", false},
	"folder of two lines":       {goodNTLM, set("quarantineFolder", "a\r\nb"), "quarantineFolder", "one line", false},
	"long folder":               {goodNTLM, set("quarantineFolder", strings.Repeat("検", 256)), "quarantineFolder", "at most 255", false},
	"folder per mailbox, text":  {goodNTLM, set("folderPerMailbox", "true"), "folderPerMailbox", "true or false", false},
	"header with FullAccess":    {goodNTLM, set("quarantineHeader", map[string]any{"name": "X-A", "value": "b"}), "quarantineHeader", `"impersonation"`, false},
	"undo with FullAccess":      {goodNTLM, set("undoHeader", map[string]any{"name": "X-A", "value": "b"}), "undoHeader", `"impersonation"`, false},
	"header as text":            {goodImpersonation, set("quarantineHeader", "X-Quarantined: yes"), "quarantineHeader", "object", false},
	"header without name":       {goodImpersonation, set("quarantineHeader.name", ""), "quarantineHeader.name", "X-Quarantined", false},
	"header without value":      {goodImpersonation, set("quarantineHeader.value", drop{}), "quarantineHeader.value", "text of the header", false},
	"header of mail":            {goodImpersonation, set("quarantineHeader.name", "Subject"), "quarantineHeader.name", "mail itself", false},
	"header of Exchange":        {goodImpersonation, set("quarantineHeader.name", "X-MS-Exchange-Organization-SCL"), "quarantineHeader.name", "Exchange uses", false},
	"header with space":         {goodImpersonation, set("quarantineHeader.name", "X Quarantined"), "quarantineHeader.name", "RFC 5322", false},
	"header injection":          {goodImpersonation, set("quarantineHeader.value", "a\r\nBcc: eve@example.test"), "quarantineHeader.value", "one line", false},
	"long header value":         {goodImpersonation, set("quarantineHeader.value", strings.Repeat("x", 256)), "quarantineHeader.value", "at most 255", false},
	"undo header of mail":       {goodImpersonation, map[string]any{"undoHeader.name": "Resent-From", "undoHeader.value": "a"}, "undoHeader.name", "mail itself", false},
	"undo header, blank":        {goodImpersonation, map[string]any{"undoHeader.name": "X-Released", "undoHeader.value": " "}, "undoHeader.value", "white space", false},
	"both headers the same":     {goodImpersonation, map[string]any{"undoHeader.name": "x-quarantined", "undoHeader.value": "no"}, "undoHeader.name", "choose another", true},

	"search as text":       {goodNTLM, set("messageIdSearch", "on"), "messageIdSearch", "true or false", false},
	"limits of no search":  {goodSearch, set("messageIdSearch", false), "searchLimits", `"messageIdSearch": true`, false},
	"limits as number":     {goodSearch, set("searchLimits", 100), "searchLimits", "object", false},
	"limit below zero":     {goodSearch, set("searchLimits.perMailbox", -1), "searchLimits.perMailbox", "positive", false},
	"limit as text":        {goodSearch, set("searchLimits.perMailbox", "100"), "searchLimits.perMailbox", "whole number", false},
	"limit as fraction":    {goodSearch, set("searchLimits.total", 99.5), "searchLimits.total", "whole number", false},
	"limit beyond bounds":  {goodSearch, set("searchLimits.total", 1e12), "searchLimits.total", "whole number", false},
	"total below zero":     {goodSearch, set("searchLimits.total", -5), "searchLimits.total", "positive", false},
	"limit over the total": {goodSearch, set("searchLimits.perMailbox", 101), "searchLimits.perMailbox", "raise the total", true},
	"examined below zero":  {goodSearch, set("searchLimits.examined", -1), "searchLimits.examined", "positive", false},
	"protected as text":    {goodSearch, set("searchLimits.protected", "ceo@example.test"), "searchLimits.protected", "array", false},
	"protected by name":    {goodSearch, set("searchLimits.protected", list("ceo")), "searchLimits.protected[0]", "name@example.com", false},
	"protected with line":  {goodSearch, set("searchLimits.protected", list("ceo@example.test\n")), "searchLimits.protected[0]", "control character", false},
	"protected twice":      {goodSearch, set("searchLimits.protected", list("ceo@example.test", "CEO@example.test")), "searchLimits.protected[1]", "repeats", true},

	"recoverable as number":    {goodNTLM, set("scanRecoverableItems", 1), "scanRecoverableItems", "true or false", false},
	"sweep as text":            {goodNTLM, set("sweepRecoverableItems", ""), "sweepRecoverableItems", "true or false", false},
	"archive as array":         {goodNTLM, set("scanOnlineArchive", list(true)), "scanOnlineArchive", "true or false", false},
	"proxy as URL":             {goodNTLM, set("useProxy", "http://proxy.example.test:3128"), "useProxy", "true or false", false},
	"proxy without scheme":     {goodNTLM, set("proxyUrl", "proxy.example.test:3128"), "proxyUrl", "http://proxy.example.com:3128", false},
	"proxy of another kind":    {goodNTLM, set("proxyUrl", "socks4://proxy.example.test"), "proxyUrl", "http://proxy.example.com:3128", false},
	"proxy with no such port":  {goodNTLM, set("proxyUrl", "http://proxy.example.test:70000"), "proxyUrl", "http://proxy.example.com:3128", true},
	"proxy by a script":        {goodNTLM, set("proxyUrl", "http://proxy.example.test/proxy.pac"), "proxyUrl", "PAC", false},
	"proxy with password":      {goodNTLM, set("proxyUrl", "http://u:"+configPassword+"@/"), "proxyUrl", "http://proxy.example.com:3128", false},
	"NTLM through plain proxy": {goodNTLM, map[string]any{"ewsUrl": "http://127.0.0.1/EWS/Exchange.asmx", "useProxy": true}, "useProxy", `"useProxy": false`, false},
	"roots as text":            {goodNTLM, set("rootCAFile", list("roots.pem")), "rootCAFile", "string", false},
	"roots with NUL":           {goodNTLM, set("rootCAFile", "roots.pem\x00"), "rootCAFile", "NUL", false},
	"blank roots":              {goodNTLM, set("rootCAFile", " "), "rootCAFile", "blank", false},
	"roots as folder":          {goodNTLM, set("rootCAFile", "/etc/ssl/certs/"), "rootCAFile", "folder", false},
	"journal as folder":        {goodNTLM, set("journalFile", `C:\journals\`), "journalFile", "folder", false},
	"journal over roots":       {goodNTLM, map[string]any{"rootCAFile": "a/roots.pem", "journalFile": "a/./roots.pem"}, "journalFile", "separate file", true},
	"journal over key":         {goodOnline, set("journalFile", "cert.pfx"), "journalFile", "authentication.privateKeyFile", true},

	"one by one as text": {goodNTLM, set("oneByOne", "yes"), "oneByOne", "true or false", false},
	"leaving as text":    {goodNTLM, set("leaveRecoverable", "yes"), "leaveRecoverable", "true or false", false},
	"leaving and sweeping": {goodNTLM, map[string]any{"leaveRecoverable": true, "sweepRecoverableItems": true}, "sweepRecoverableItems",
		"remove sweepRecoverableItems", true},
	"lag as number":          {goodNTLM, set("searchLag", 60), "searchLag", `such as "60s"`, false},
	"lag without unit":       {goodNTLM, set("searchLag", "60"), "searchLag", `such as "60s"`, false},
	"lag in words":           {goodNTLM, set("searchLag", "1 minute"), "searchLag", "units h, m, s", false},
	"lag below zero":         {goodNTLM, set("searchLag", "-60s"), "searchLag", "is negative", false},
	"lag of nothing":         {goodNTLM, set("searchLag", "0s"), "searchLag", "leave it out", true},
	"lag of a day":           {goodNTLM, set("searchLag", "24h"), "searchLag", "longer than an hour", true},
	"lag without end":        {goodNTLM, set("searchLag", "99999999999h"), "searchLag", "too long", true},
	"doubt as number":        {goodNTLM, set("writeDoubt", 15), "writeDoubt", `such as "60s"`, false},
	"doubt of days":          {goodNTLM, set("writeDoubt", "1d"), "writeDoubt", "units h, m, s", false},
	"doubt of a second":      {goodNTLM, set("writeDoubt", "1s"), "writeDoubt", "shorter than 5 seconds", true},
	"doubt of a week":        {goodNTLM, set("writeDoubt", "168h"), "writeDoubt", "longer than a day", true},
	"doubt below the lag":    {goodNTLM, map[string]any{"searchLag": "5m", "writeDoubt": "4m"}, "writeDoubt", "lower searchLag", true},
	"wait below zero":        {goodNTLM, set("markWait", "-1s"), "markWait", "is negative", false},
	"wait over usual doubt":  {goodNTLM, set("markWait", "4m"), "markWait", "a fifth of writeDoubt", true},
	"lag over usual doubt":   {goodNTLM, set("searchLag", "30m"), "writeDoubt", "lower searchLag", true},
	"stall as number":        {goodNTLM, set("stallTimeout", 120), "stallTimeout", `such as "60s"`, false},
	"stall in words":         {goodNTLM, set("stallTimeout", "2 minutes"), "stallTimeout", "units h, m, s", false},
	"stall of nothing":       {goodNTLM, set("stallTimeout", "0s"), "stallTimeout", "leave it out", true},
	"stall of a moment":      {goodNTLM, set("stallTimeout", "999ms"), "stallTimeout", "shorter than a second", true},
	"stall of hours":         {goodNTLM, set("stallTimeout", "1h1ms"), "stallTimeout", "longer than an hour", true},
	"stamp key as number":    {goodNTLM, set("stampKey", 7), "stampKey", "string", false},
	"short stamp key":        {goodNTLM, set("stampKey", configPassword), "stampKey", "EWSQ_STAMP_KEY_HEAD_OFFICE", false},
	"stamp key of two lines": {goodNTLM, set("stampKey", configPassword+"\n"+configPassword+configPassword), "stampKey", "one line", false},
	"stamp key with space":   {goodNTLM, set("stampKey", configPassword+configPassword+" "), "stampKey", "remove it", false},
	"two kinds of keys": {goodNTLM, map[string]any{"stampKey": configPassword + configPassword, "stampKeyFile": "stamp.keys"}, "stampKeyFile",
		"remove stampKey", true},
	"stamp keys as folder":    {goodNTLM, set("stampKeyFile", "/etc/keys/"), "stampKeyFile", "file in it", false},
	"journal over stamp keys": {goodNTLM, map[string]any{"stampKeyFile": "keys", "journalFile": "keys"}, "journalFile", "stampKeyFile", true},

	"policy as number":      {goodNTLM, set("throttling", 8), "throttling", "object", false},
	"concurrency as text":   {goodNTLM, set("throttling.concurrency", "8"), "throttling.concurrency", "whole number", false},
	"concurrency below 0":   {goodNTLM, set("throttling.concurrency", -1), "throttling.concurrency", "from 1 to 1000", false},
	"too much at once":      {goodNTLM, set("throttling.concurrency", 1001), "throttling.concurrency", "from 1 to 1000", true},
	"burst below zero":      {goodNTLM, set("throttling.ewsMaxBurst", -300000), "throttling.ewsMaxBurst", "positive", false},
	"burst in minutes":      {goodNTLM, set("throttling.ewsMaxBurst", 5), "throttling.ewsMaxBurst", "milliseconds", true},
	"recharge as duration":  {goodNTLM, set("throttling.ewsRechargeRate", "15m"), "throttling.ewsRechargeRate", "whole number", false},
	"recharge in seconds":   {goodNTLM, set("throttling.ewsRechargeRate", 900), "throttling.ewsRechargeRate", "Get-ThrottlingPolicy", true},
	"cutoff below zero":     {goodNTLM, set("throttling.ewsCutoffBalance", -1), "throttling.ewsCutoffBalance", "positive", false},
	"unlimited, with bound": {goodNTLM, map[string]any{"throttling.unlimited": true, "throttling.ewsRechargeRate": 900000}, "throttling.ewsRechargeRate", `"unlimited": true`, true},
	"unlimited as text":     {goodNTLM, set("throttling.unlimited", "yes"), "throttling.unlimited", "true or false", false},
	"unlimited, probed":     {goodNTLM, map[string]any{"throttling.unlimited": true, "throttling.probe": true}, "throttling.probe", "no effect", true},

	"a field of the future": {goodNTLM, set("imapUrl", "imaps://mail.example.test"), "imapUrl", "is not a setting", false},
	"a field in Go's case":  {goodNTLM, set("EWSURL", "https://mail.example.test/EWS/Exchange.asmx"), "EWSURL", "is not a setting", false},
	"a password outside":    {goodNTLM, set("password", configPassword), "password", "is not a setting", false},
	"a field of a header":   {goodImpersonation, set("quarantineHeader.Name", "X-A"), "quarantineHeader.Name", "use name", false},
	"a limit misspelt":      {goodSearch, set("searchLimits.max", 7), "searchLimits.max", "perMailbox", false},
}

// TestConfigBad: each fault causes one error, which gives the JSON path of the
// field and what to do, and never shows a secret.
func TestConfigBad(t *testing.T) {
	t.Parallel()
	for _, good := range []string{goodNTLM, goodImpersonation, goodOnline, goodDiscovery, goodSearch} {
		require.NoError(t, verdict([]byte(good)))
	}
	for name, b := range badConfigs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := verdict(spoilt(t, b.good, b.changes))
			require.ErrorIs(t, err, quarantine.ErrInvalid)
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				require.Len(t, joined.Unwrap(), 1, "one cause, one problem: %v", err)
			}
			e, ok := errors.AsType[*quarantine.InvalidError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, b.field, e.Field, "%v", err)
			assert.Contains(t, e.Problem, b.remedy)
			assert.Contains(t, err.Error(), b.field+" ")
			assert.NotContains(t, err.Error(), configPassword)
		})
	}
}

// TestConfigBadIsComplete: every field has a fault.
func TestConfigBadIsComplete(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, b := range badConfigs {
		path, _, _ := strings.Cut(b.field, "[")
		tried[path] = true
	}
	for path := range settingPaths(reflect.TypeFor[exchange.Config](), "") {
		assert.True(t, tried[path], "no bad value of %s is tried", path)
	}
}

// settingPaths returns the types of the fields of a struct, by JSON path.
func settingPaths(typ reflect.Type, prefix string) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		all[prefix+name] = f.Type
		if f.Type.Kind() == reflect.Struct && !isText(f.Type) {
			maps.Copy(all, settingPaths(f.Type, prefix+name+"."))
		}
	}
	return all
}

// isText reports whether a type that is not a string in Go is one in JSON.
func isText(typ reflect.Type) bool {
	return slices.Contains([]reflect.Type{reflect.TypeFor[exchange.Secret](), reflect.TypeFor[exchange.ProxyURL](), reflect.TypeFor[exchange.Duration]()}, typ)
}

// TestConfigBadTypes gives each field a value of each other type.
func TestConfigBadTypes(t *testing.T) {
	t.Parallel()
	values := map[string]any{"string": "x", "boolean": true, "number": 1.0, "object": map[string]any{}, "array": []any{}}
	for path, typ := range settingPaths(reflect.TypeFor[exchange.Config](), "") {
		own := "string"
		switch {
		case typ.Kind() == reflect.Bool, typ.Kind() == reflect.Pointer:
			own = "boolean"
		case typ.Kind() == reflect.Int:
			own = "number"
		case typ.Kind() == reflect.Slice:
			own = "array"
		case typ.Kind() == reflect.Struct && !isText(typ):
			own = "object"
		}
		for name, value := range values {
			err := verdict(spoilt(t, goodNTLM, set(path, value)))
			e, isConfig := errors.AsType[*quarantine.InvalidError](err)
			mistyped := isConfig && e.Field == path && strings.HasPrefix(e.Problem, "must be ") && strings.Contains(e.What, "line ")
			assert.Equal(t, name != own, mistyped, "%s as %s: %v", path, name, err)
		}
		_, err := exchange.ParseConfig(bytes.NewReader(spoilt(t, goodNTLM, set(path, nil))))
		assert.NoError(t, err, "null counts as omitted")
	}
}
