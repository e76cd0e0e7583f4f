package ewsschema

import (
	"maps"
	"slices"
	"strings"
)

// Operations returns the names of the operations of all versions, in order, as
// requests spell them: GetUserAvailabilityRequest.
func Operations() []string {
	s := published()
	return slices.Sorted(maps.Keys(maps.Collect(func(yield func(string, bool) bool) {
		for name := range s.operations {
			if !yield(name, true) {
				return
			}
		}
		for name := range s.unmodelled {
			if !yield(name, true) {
				return
			}
		}
	})))
}

// Introduced returns the first version with an operation, and whether there is one.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/ews-operations-in-exchange.
func Introduced(operation string) (Version, bool) {
	s := published()
	switch p, v := s.operations[operation], unmodelledSince[operation]; {
	case p != nil:
		return max(p.since, Exchange2007), true
	case !s.unmodelled[operation]:
		return 0, false
	case v != 0:
		return v, true
	}
	return Exchange2016, true
}

// unmodelledSince are the versions of the operations known by name only that
// Microsoft's page lists; the others are newer.
var unmodelledSince = func() map[string]Version {
	all := make(map[string]Version)
	for v, names := range map[Version]string{
		Exchange2007:    "CreateManagedFolder GetEvents GetUserAvailabilityRequest GetUserOofSettingsRequest SendNotification SendNotificationResult SetUserOofSettingsRequest Subscribe Unsubscribe",
		Exchange2007SP1: "AddDelegate GetDelegate RemoveDelegate UpdateDelegate",
		Exchange2010: "CreateUserConfiguration DeleteUserConfiguration DisconnectPhoneCall FindMessageTrackingReport GetMailTips GetMessageTrackingReport GetPhoneCallInformation GetRoomLists GetRooms " +
			"GetServiceConfiguration GetSharingFolder GetSharingMetadata GetUserConfiguration PlayOnPhone RefreshSharingFolder UpdateUserConfiguration",
		Exchange2010SP1: "ApplyConversationAction FindConversation FindMailboxStatisticsByKeywords GetInboxRules GetPasswordExpirationDate GetStreamingEvents UpdateInboxRules",
		Exchange2013: "AddDistributionGroupToImList AddImContactToGroup AddImGroup AddNewImContactToGroup AddNewTelUriContactToGroup DisableApp FindPeople GetAppManifests GetAppMarketplaceUrl " +
			"GetClientAccessToken GetConversationItems GetDiscoverySearchConfiguration GetHoldOnMailboxes GetImItemList GetImItems GetNonIndexableItemDetails GetNonIndexableItemStatistics " +
			"GetPersona GetReminders GetSearchableMailboxes GetUserPhoto GetUserRetentionPolicyTags InstallApp PerformReminderAction RemoveContactFromImList RemoveDistributionGroupFromImList " +
			"RemoveImContactFromGroup RemoveImGroup SearchMailboxes SetHoldOnMailboxes SetImGroup SetImListMigrationCompleted SetTeamMailbox UninstallApp UnpinTeamMailbox UpdateItemInRecoverableItems",
	} {
		for name := range strings.FieldsSeq(names) {
			all[name] = v
		}
	}
	return all
}()
