package understood

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// label is the label at the beginning of a line of quoted headers.
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

// labelNames are the labels of quoted headers as Outlook, and a few other programs, write
// them in different languages; those of buttons are among them.
var labelNames = map[label]string{
	labelFrom: "from|sender|von|absender|de|expéditeur|remitente|da|mittente|remetente|van|afzender|från|avsändare|fra|afsender|avsender|lähettäjä|od|nadawca|" +
		"odesílatel|odosielateľ|от|отправитель|від|відправник|kimden|gönderen|feladó|από|αποστολέας|de la|expeditor|差出人|送信者|发件人|寄件者|寄件人|發件人|보낸 사람|보낸사람|보낸이|מאת|من|المرسل|" +
		"от кого|подател|šalje|pošiljatelj|pošiljalec|prima od|remitent|saatja|nuo|siuntėjas|no|sūtītājs|expeditorul|від кого|送信元|từ|người gửi|จาก|ผู้ส่ง|dari|pengirim|از|" +
		"sender email|sender's email|sender’s email|sender email address|sender's email address|sender address|sender's address|from address|from email|email from|email sender|" +
		"message sender|original sender|original from|reported sender|from header|header from|absenderadresse|e-mail-absender|adresse de l'expéditeur|correo del remitente",
	labelDate: "sent|date|received|gesendet|datum|envoyé|envoyé le|date d'envoi|date d’envoi|enviado|enviado el|enviada em|enviado em|enviada|fecha|inviato|inviata|data|data invio|data/ora|verzonden|" +
		"skickat|sendt|dato|lähetetty|päivämäärä|päiväys|wysłano|wysłane|odesláno|odoslané|dátum|отправлено|дата|надіслано|gönderildi|gönderilme|gönderme tarihi|gönderilme tarihi|tarih|elküldve|" +
		"στάλθηκε|ημερομηνία|trimis|送信日時|日時|日付|发送时间|发送日期|日期|时间|寄件日期|傳送時間|傳送日期|보낸 날짜|날짜|보낸 시간|נשלח|תאריך|تاريخ الإرسال|تم الإرسال|التاريخ|" +
		"изпратено|poslano|poslato|datum slanja|enviat|saadetud|saatmisaeg|kuupäev|išsiųsta|nosūtīts|datums|đã gửi|ngày|ngày gửi|ส่ง|วันที่|dikirim|tanggal|sent on|sent at|empfangen|reçu|ricevuto|recibido|" +
		"received date|date received|received on|received at|sent date|date sent|received time|time received|date/time|email date|date and time|date header|original date|dată|відправлено|gönderilen",
	labelTo: "to|cc|bcc|an|à|a|para|per|aan|till|til|vastaanottaja|do|dw|udw|komu|kopie|kópia|kopia|кому|копия|kime|bilgi|címzett|προς|κοιν.|către|catre|宛先|收件人|抄送|收件者|副本|받는 사람|받는사람|받는이|참조|אל|עותק|إلى|نسخة|cci|co|kopi|másolatot kap|kopio|copia|cópia|ccn|" +
		"pour|do wiadomości|до|копие|prima|primatelj|za|kp|per a|a/c|adressaat|kam|kopija|destinatarul|destinatar|pre|adresat|odbiorca|送信先|másolat|копія|kopie (cc)|copie à|blindkopie|đến|tới|ถึง|สำเนา|kepada|به|" +
		"recipient|recipients|recipient(s)|recipient email|recipient address|email recipient|to address|original recipient|original to|empfänger|destinataire|destinataires|destinatario|destinatari|destinatário",
	labelSubject: "subject|betreff|objet|sujet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|тема|konu|thema|naslov|subiectul|tárgy|θέμα|subiect|件名|主题|主旨|主題|標題|제목|נושא|الموضوع|" +
		"относно|zadeva|assumpte|tema|teema|tēma|chủ đề|เรื่อง|หัวเรื่อง|perihal|subjek|موضوع|" +
		"email subject|mail subject|message subject|original subject|reported subject|subject line|subject header|e-mail-betreff|objet du message",
	labelID: "nachrichten-id|nachrichtenkennung|id de message|id du message|identifiant du message|identifiant de message|id del mensaje|id de mensaje|identificador del mensaje|id messaggio|id del messaggio|" +
		"id da mensagem|id de mensagem|bericht-id|berichtid|id wiadomości|identyfikator wiadomości|meddelande-id|meddelelses-id|meldings-id|viestin tunniste|id zprávy|идентификатор сообщения|ileti kimliği|メッセージ id|メッセージid|邮件 id|邮件id|郵件 id|메시지 id|internet-nachrichten-id|internet message identifier|message identifier",
	labelReporter: "reported by|reporter|reported-by|reported by user|reported by email|reporting user|reporter email|reporter email address|reporter's email|submitted by|submitter|" +
		"gemeldet von|signalé par|notificado por|reportado por|segnalato da|denunciado por|gemeld door|zgłoszone przez|rapporterat av|rapporteret av|報告者|举报人",
	otherLabel: "attachments|anlagen|pièces jointes|datos adjuntos|allegati|anexos|bijlagen|bilagor|załączniki|importance|wichtigkeit|priorité|importancia|priorità|urgentie|reply-to|reply to|antwort an|" +
		"in-reply-to|references|thread-topic|mime-version|content-type|x-mailer|return-path|répondre à|odgovori na|odpověď na|svar til|antwoord aan|vastaus|válaszcím|rispondi a|odpowiedź-do|responder a|răspuns către|ответ-кому|odpovedať-pre|odpovedať-pre|svara till|yanıt adresi|кому відповісти|user-agent",
}

var labels = func() map[string]label {
	all := make(map[string]label)
	for kind, names := range labelNames {
		for name := range strings.SplitSeq(names, "|") {
			all[name] = kind
		}
	}
	return all
}()

const (
	// maxLabel is the length of the longest label, in bytes.
	maxLabel = 64
	// labelEnds are the characters that end a label: in tables, a tab or a bar.
	labelEnds = ":：\t|"
	// invisible are direction marks and other characters that nobody sees.
	invisible = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)

// cutLabel cuts a line into its label and the rest. Marks of quoting, bold text and JSON
// are left out.
func cutLabel(line string) (label, string) {
	line = trimMarks(line)
	at := strings.IndexAny(line, labelEnds)
	if columns := strings.Index(line, "  "); columns > 0 && (at < 0 || columns < at && strings.Trim(line[columns:at], " ") != "") {
		at = columns // in columns, there may be no other end
	}
	if at <= 0 || at > maxLabel {
		return noLabel, line
	}
	kind := labelOf(line[:at])
	if kind == noLabel {
		return noLabel, line
	}
	return kind, trimValue(line[at:])
}

// labelOf returns the label with a name.
func labelOf(name string) label {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(invisible, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFC.String(name))
	name = strings.Join(strings.Fields(strings.Trim(name, "*_\"'` \u00a0\u202f")), " ")
	if kind, ok := labels[name]; ok {
		return kind
	}
	if isIDName(name) {
		return labelID
	}
	if strings.Contains(name, damaged) {
		for _, one := range []label{labelFrom, labelDate, labelTo, labelSubject} {
			for known := range strings.SplitSeq(labelNames[one], "|") {
				if alike(name, known) {
					return one
				}
			}
		}
	}
	return noLabel
}

// alike reports whether a name is a known one with damaged letters: each stands for a
// letter outside ASCII.
func alike(name, known string) bool {
	runes := []rune(known)
	i := 0
	for _, r := range name {
		if i == len(runes) || r != runes[i] && (r != '\uFFFD' || runes[i] < 0x80) {
			return false
		}
		i++
	}
	return i == len(runes)
}

// isIDName reports whether a label is that of a Message-ID, for which buttons use different
// names. The id of another message, or of the report, is not meant.
func isIDName(name string) bool {
	name = strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, name)
	if !strings.Contains(name, "messageid") || len(name) > 40 {
		return false
	}
	for _, other := range []string{"network", "reply", "thread", "parent", "conversation", "reference", "reporter", "tracking", "queue"} {
		if strings.Contains(name, other) {
			return false
		}
	}
	return !strings.HasPrefix(name, "reportmessageid")
}

// trimMarks removes what mail programs put before a line that they quote.
func trimMarks(line string) string {
	return strings.TrimRight(strings.TrimLeft(line, ">|*_{ \t\u00a0\u202f"+invisible), "*_ \t\r\u00a0")
}

// trimValue removes the marks around a value, beginning with the end of its label.
func trimValue(value string) string {
	value = strings.TrimLeft(value, labelEnds+"*_ \u00a0\u202f"+invisible)
	return strings.TrimRight(value, "|*_ \t\r\u00a0\u202f"+invisible)
}
