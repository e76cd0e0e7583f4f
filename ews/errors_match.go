package ews

import "net/http"

// hasCode is an errors.Is target that matches refusals with that code.
type hasCode ResponseCode

func (c hasCode) Error() string { return string(c) }

// Is reports whether the refusal belongs to the group of a sentinel.
func (e *ResponseError) Is(target error) bool {
	if code, ok := target.(hasCode); ok {
		return e.Code == ResponseCode(code)
	}
	switch target {
	case ErrNotFound:
		return isNotFound(e.Code)
	case ErrAccessDenied:
		return isAccessDenied(e.Code)
	case ErrUnauthorized:
		return e.Code == "ErrorPasswordExpired" || e.Code == "ErrorPasswordChangeRequired"
	case ErrThrottled:
		return e.BackOff > 0 || isThrottling(e.Code) || isThrottling(e.Inner)
	case ErrNoMailbox:
		return e.Code == "ErrorNonExistentMailbox" || e.Code == codeCannotFindUser || e.Code == "ErrorMailRecipientNotFound"
	case ErrQuota:
		return isQuota(e.Code)
	case ErrUnsupportedVersion:
		return isVersionRefusal(e.Code)
	case ErrNotProcessed:
		return e.Code == codeBatchStopped
	}
	return false
}

// Is reports whether the answer belongs to the group of a sentinel.
func (e *HTTPError) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized || e.Status == statusLoginTimeout || e.Status == statusAccountLocked
	case ErrAccessDenied:
		return e.Status == http.StatusForbidden
	case ErrThrottled:
		return e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable || e.RetryAfter > 0
	}
	return false
}

// Response codes that this package acts on.
const (
	codeNoError           ResponseCode = "NoError"
	codeBatchStopped      ResponseCode = "ErrorBatchProcessingStopped"
	codeFindCount         ResponseCode = "ErrorExceededFindCountLimit"
	codeMultipleResults   ResponseCode = "ErrorNameResolutionMultipleResults"
	codeReceiptNotPending ResponseCode = "ErrorReadReceiptNotPending"
	codeNotReferable      ResponseCode = "ErrorInvalidReferenceItem"
	codeInvalidRequest    ResponseCode = "ErrorInvalidRequest"
	codeSchemaValidation  ResponseCode = "ErrorSchemaValidation"
	codeCannotFindUser    ResponseCode = "ErrorCannotFindUser" // for ErrorNonExistentMailbox, from some servers
)

func isNotFound(code ResponseCode) bool {
	switch code {
	case "ErrorItemNotFound", "ErrorFolderNotFound", "ErrorParentFolderNotFound", "ErrorToFolderNotFound",
		"ErrorSavedItemFolderNotFound", "ErrorNonExistentMailbox", codeCannotFindUser, "ErrorArchiveMailboxNotEnabled",
		"ErrorNameResolutionNoResults":
		return true
	}
	return false
}

func isAccessDenied(code ResponseCode) bool {
	switch code {
	case "ErrorAccessDenied", "ErrorCreateItemAccessDenied", "ErrorCreateSubfolderAccessDenied",
		"ErrorImpersonateUserDenied", "ErrorImpersonationDenied", "ErrorImpersonationFailed",
		"ErrorAccessDeniedDueToCompliance", "ErrorRecoverableItemsAccessDenied":
		return true
	}
	return false
}

// isThrottling reports whether servers use a code to say "not now" to a caller, as
// opposed to reporting an outage behind them.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange.
func isThrottling(code ResponseCode) bool {
	switch code {
	case "ErrorServerBusy", "ErrorExceededConnectionCount", codeFindCount, "ErrorExceededSubscriptionCount",
		"ErrorTooManyObjectsOpened", "ErrorTimeoutExpired", "ErrorInternalServerTransientError",
		"ErrorInsufficientResources", "ErrorNotEnoughMemory":
		return true
	}
	return false
}

func isQuota(code ResponseCode) bool {
	switch code {
	case "ErrorQuotaExceeded", "ErrorQuotaExceededOnDelete", "ErrorMessagePerFolderCountReceiveQuotaExceeded":
		return true
	}
	return false
}

func isVersionRefusal(code ResponseCode) bool {
	switch code {
	case "ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion", "ErrorInvalidSchemaVersionForMailboxVersion":
		return true
	}
	return false
}
