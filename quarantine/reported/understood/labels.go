package understood

import "strings"

// label is what a line of quoted headers begins with.
type label int

const (
	noLabel label = iota
	labelFrom
	labelDate
	labelTo
	labelSubject
	labelID
	labelReporter
	otherLabel // such as Attachments and Importance
)

// labels are the labels of quoted headers as Outlook, and a few other programs, write them
// in different languages; those of buttons are among them.
var labels = func() map[string]label {
	all := make(map[string]label)
	for kind, names := range map[label]string{
		labelFrom: "from|sender|von|absender|de|expéditeur|remitente|da|mittente|remetente|van|afzender|från|avsändare|fra|afsender|lähettäjä|od|nadawca|" +
			"odesílatel|от|отправитель|від|kimden|gönderen|feladó|από|de la|差出人|送信者|发件人|寄件者|寄件人|보낸 사람|보낸사람|מאת|من",
		labelDate: "sent|date|received|gesendet|datum|envoyé|date d'envoi|date d’envoi|enviado|enviado el|enviada em|enviado em|enviada|fecha|inviato|data|data invio|data/ora|verzonden|" +
			"skickat|sendt|dato|lähetetty|päivämäärä|päiväys|wysłano|odesláno|отправлено|дата|надіслано|gönderildi|gönderilme|gönderme tarihi|gönderilme tarihi|tarih|elküldve|dátum|" +
			"στάλθηκε|ημερομηνία|trimis|送信日時|日時|日付|发送时间|发送日期|日期|寄件日期|傳送時間|보낸 날짜|날짜|נשלח|تاريخ الإرسال",
		labelTo:      "to|cc|bcc|an|à|a|para|per|aan|till|til|vastaanottaja|do|dw|komu|kopie|kopia|кому|копия|kime|bilgi|címzett|προς|către|宛先|收件人|抄送|收件者|副本|받는 사람|받는사람|참조|אל|إلى|cci|co|kopi|másolatot kap|kopio|copia|ccn",
		labelSubject: "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|тема|konu|tárgy|θέμα|subiect|件名|主题|主旨|主題|제목|נושא|الموضوع",
		labelID: "message-id|message id|messageid|message_id|internet message id|internet-message-id|internetmessageid|original message-id|original message id|original-message-id|" +
			"reported message-id|reported message id|message-id header|nachrichten-id|id de message|identifiant du message|id del mensaje|id de mensaje|id messaggio|id del messaggio|" +
			"id da mensagem|bericht-id|id wiadomości|メッセージ id|メッセージid|邮件 id",
		labelReporter: "reported by|reporter|reported-by|gemeldet von|signalé par|notificado por|segnalato da|denunciado por|gemeld door",
		otherLabel:    "attachments|anlagen|pièces jointes|datos adjuntos|allegati|anexos|bijlagen|importance|wichtigkeit|priorité|importancia|priorità|urgentie|reply-to|antwort an|in-reply-to|references|thread-topic|mime-version|content-type|x-mailer|return-path",
	} {
		for name := range strings.SplitSeq(names, "|") {
			all[name] = kind
		}
	}
	return all
}()

// maxLabel is the length of the longest label, in bytes.
const maxLabel = 64

// cutLabel cuts a line into its label and what follows. Marks of quoting, of bold text and
// of JSON are left out.
func cutLabel(line string) (label, string) {
	line = trimMarks(line)
	at := strings.IndexAny(line, ":：")
	if at <= 0 || at > maxLabel {
		return noLabel, line
	}
	name := strings.ToLower(strings.Join(strings.Fields(strings.Trim(line[:at], "*_\"' \u00a0\u200e\u200f\u202f")), " "))
	kind, ok := labels[name]
	if !ok {
		return noLabel, line
	}
	value := strings.TrimPrefix(strings.TrimPrefix(line[at:], ":"), "：")
	return kind, strings.Trim(value, "*_ \t\u00a0\u200e\u200f\u202f")
}

// trimMarks leaves out what mail programs put before a line that they quote.
func trimMarks(line string) string {
	return strings.TrimRight(strings.TrimLeft(line, ">|*_{ \t\u00a0\u200e\u200f\u202f\ufeff"), "*_ \t\r\u00a0")
}
