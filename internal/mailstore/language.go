package mailstore

import "slices"

// languages maps the English names of default folders to the names that Outlook
// uses in each language. Missing ones keep their English name, as folders that
// users do not see always do.
var languages = map[string]map[string]string{
	"en": nil,
	"de": {
		"Top of Information Store": "Oberste Ebene des Informationsspeichers",
		"Inbox":                    "Posteingang", "Drafts": "Entwürfe", "Sent Items": "Gesendete Elemente",
		"Deleted Items": "Gelöschte Elemente", "Junk Email": "Junk-E-Mail", "Outbox": "Postausgang",
		"Calendar": "Kalender", "Contacts": "Kontakte", "Tasks": "Aufgaben", "Notes": "Notizen",
		"RSS Feeds": "RSS-Feeds", "Conversation History": "Verlauf der Unterhaltung",
		"Sync Issues": "Synchronisierungsprobleme", "Conflicts": "Konflikte",
		"Local Failures": "Lokale Fehler", "Server Failures": "Serverfehler",
	},
	"fr": {
		"Top of Information Store": "Banque d'informations",
		"Inbox":                    "Boîte de réception", "Drafts": "Brouillons", "Sent Items": "Éléments envoyés",
		"Deleted Items": "Éléments supprimés", "Junk Email": "Courrier indésirable", "Outbox": "Boîte d'envoi",
		"Calendar": "Calendrier", "Tasks": "Tâches", "RSS Feeds": "Flux RSS",
		"Conversation History": "Historique des conversations", "Sync Issues": "Problèmes de synchronisation",
		"Conflicts": "Conflits", "Local Failures": "Défaillances locales", "Server Failures": "Défaillances du serveur",
	},
	"es": {
		"Inbox": "Bandeja de entrada", "Drafts": "Borradores", "Sent Items": "Elementos enviados",
		"Deleted Items": "Elementos eliminados", "Junk Email": "Correo no deseado", "Outbox": "Bandeja de salida",
		"Calendar": "Calendario", "Contacts": "Contactos", "Tasks": "Tareas", "Notes": "Notas", "Journal": "Diario",
		"RSS Feeds": "Fuentes RSS", "Conversation History": "Historial de conversaciones",
		"Sync Issues": "Problemas de sincronización", "Conflicts": "Conflictos",
		"Local Failures": "Errores locales", "Server Failures": "Errores del servidor",
	},
	"it": {
		"Inbox": "Posta in arrivo", "Drafts": "Bozze", "Sent Items": "Posta inviata",
		"Deleted Items": "Posta eliminata", "Junk Email": "Posta indesiderata", "Outbox": "Posta in uscita",
		"Calendar": "Calendario", "Contacts": "Contatti", "Tasks": "Attività", "Notes": "Note", "Journal": "Diario",
		"RSS Feeds": "Feed RSS", "Conversation History": "Cronologia conversazioni",
		"Sync Issues": "Problemi di sincronizzazione", "Conflicts": "Conflitti",
		"Local Failures": "Errori locali", "Server Failures": "Errori del server",
	},
	"nl": {
		"Inbox": "Postvak IN", "Drafts": "Concepten", "Sent Items": "Verzonden items",
		"Deleted Items": "Verwijderde items", "Junk Email": "Ongewenste e-mail", "Outbox": "Postvak UIT",
		"Calendar": "Agenda", "Contacts": "Contactpersonen", "Tasks": "Taken", "Notes": "Notities", "Journal": "Logboek",
		"RSS Feeds": "RSS-feeds", "Conversation History": "Gespreksgeschiedenis",
		"Sync Issues": "Synchronisatieproblemen", "Conflicts": "Conflicten",
		"Local Failures": "Lokale fouten", "Server Failures": "Serverfouten",
	},
	"ja": {
		"Top of Information Store": "インフォメーション ストアの先頭",
		"Inbox":                    "受信トレイ", "Drafts": "下書き", "Sent Items": "送信済みアイテム",
		"Deleted Items": "削除済みアイテム", "Junk Email": "迷惑メール", "Outbox": "送信トレイ",
		"Calendar": "予定表", "Contacts": "連絡先", "Tasks": "タスク", "Notes": "メモ", "Journal": "履歴",
		"RSS Feeds": "RSS フィード", "Conversation History": "会話の履歴",
		"Sync Issues": "同期の失敗", "Conflicts": "競合", "Local Failures": "ローカルの失敗", "Server Failures": "サーバーの失敗",
	},
	"ru": {
		"Inbox": "Входящие", "Drafts": "Черновики", "Sent Items": "Отправленные",
		"Deleted Items": "Удаленные", "Junk Email": "Нежелательная почта", "Outbox": "Исходящие",
		"Calendar": "Календарь", "Contacts": "Контакты", "Tasks": "Задачи", "Notes": "Заметки", "Journal": "Дневник",
		"RSS Feeds": "RSS-каналы", "Conversation History": "Журнал бесед",
		"Sync Issues": "Ошибки синхронизации", "Conflicts": "Конфликты",
		"Local Failures": "Локальные ошибки", "Server Failures": "Ошибки сервера",
	},
}

// Languages lists the languages that have folder names, sorted.
func Languages() []string {
	var all []string
	for l := range languages {
		all = append(all, l)
	}
	slices.Sort(all)
	return all
}

// Localised returns the name of a default folder in a language.
func Localised(language, english string) string {
	if name, ok := languages[language][english]; ok {
		return name
	}
	return english
}
