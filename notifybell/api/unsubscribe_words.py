"""What the page behind an unsubscribe link says, a row a language; English where there is none.

`{what}` is the category and where it comes: "Orders by email".
"""

# ruff: noqa: RUF001 (Chinese and Japanese have their own commas and brackets)

from collections.abc import Iterable, Mapping

import msgspec


class PageWords(msgspec.Struct, frozen=True, kw_only=True):
    """One language."""

    titles: Mapping[str, str]
    #: by state
    lead: Mapping[str, str]
    #: by state, of one category
    lead_all: Mapping[str, str]
    #: by state, of all mail
    note: Mapping[str, str]
    #: by state, in smaller letters
    stop: str
    stop_all: str
    back: str
    places: Mapping[str, str]
    #: by channel
    elsewhere: str
    direction: str = "ltr"


_PLACES = ("in_app", "email", "web_push", "sms")
_NOTES = ("ask_all", "done", "unknown")
_STATES = ("ask", "done", "undone", "required", "unknown")


def _of(names: tuple[str, ...], *texts: str) -> dict[str, str]:
    return dict(zip(names, texts, strict=False))


def language_of(wishes: Iterable[str]) -> str:
    """The first that there is a row for: "de" for "de-AT"."""
    names = (wish.replace("_", "-").lower().partition("-")[0] for wish in wishes)
    return next((name for name in names if name in LANGUAGES), "en")


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language, as they stand there: browsers put the best first."""
    return [part.partition(";")[0].strip() for part in header.split(",")]


LANGUAGES: dict[str, PageWords] = {
    "en": PageWords(
        titles=_of(
            _STATES,
            *("Unsubscribe?", "Unsubscribed", "Subscribed again"),
            *("This cannot be turned off", "This link does not work"),
        ),
        lead=_of(
            _STATES,
            "You get {what}. Nothing has changed yet.",
            "You will not get {what} any more.",
            "You get {what} again, as the notification settings of the application say.",
            "{what}: everybody with an account gets these messages, so they cannot be turned off."
            " Nothing has changed.",
            "The link is incomplete, or the account it belongs to is gone. Nothing has changed.",
        ),
        lead_all=_of(
            _STATES,
            "You get email from this application. Nothing has changed yet.",
            "This application will not send any email to your address any more.",
            "You get email again, as the notification settings of the application say.",
        ),
        note={
            "ask_all": "The button below stops all email to your address, also what concerns your"
            " account and its security. To stop some kinds of messages only, use the notification"
            " settings of the application.",
            "done": "A message that is already on its way may still arrive. If this was a mistake,"
            " you can take it back, now or later by the same link.",
            "unknown": "Copy the whole link from the message, or change what you get in the"
            " notification settings of the application.",
        },
        stop="Stop {what}",
        stop_all="Stop all email",
        back="Take it back",
        places=_of(_PLACES, "in the inbox", "by email", "as push notifications", "by SMS"),
        elsewhere="on {channel}",
    ),
    "de": PageWords(
        titles=_of(
            _STATES,
            *("Abbestellen?", "Abbestellt", "Wieder abonniert"),
            *("Das lässt sich nicht abschalten", "Dieser Link funktioniert nicht"),
        ),
        lead=_of(
            _STATES,
            "Du bekommst {what}. Noch hat sich nichts geändert.",
            "Du bekommst {what} nicht mehr.",
            "Du bekommst {what} wieder, so wie es die Einstellungen der Anwendung vorsehen.",
            "{what}: Diese Nachrichten bekommen alle mit einem Konto, sie lassen sich nicht"
            " abschalten. Es hat sich nichts geändert.",
            "Der Link ist unvollständig, oder das Konto gibt es nicht mehr. Es hat sich nichts"
            " geändert.",
        ),
        lead_all=_of(
            _STATES,
            "Du bekommst E-Mails von dieser Anwendung. Noch hat sich nichts geändert.",
            "Diese Anwendung schickt dir keine E-Mails mehr.",
            "Du bekommst wieder E-Mails, so wie es die Einstellungen der Anwendung vorsehen.",
        ),
        note={
            "ask_all": "Der Knopf stoppt alle E-Mails an deine Adresse, auch die zu deinem Konto"
            " und seiner Sicherheit. Einzelne Arten von Nachrichten schaltest du in den"
            " Einstellungen der Anwendung ab.",
            "done": "Was schon unterwegs ist, kann noch ankommen. War es ein Versehen, kannst du es"
            " jetzt oder später über denselben Link zurücknehmen.",
            "unknown": "Kopiere den ganzen Link aus der Nachricht, oder ändere in den Einstellungen"
            " der Anwendung, was du bekommst.",
        },
        stop="{what} abbestellen",
        stop_all="Alle E-Mails abbestellen",
        back="Zurücknehmen",
        places=_of(_PLACES, "im Posteingang", "per E-Mail", "als Push", "per SMS"),
        elsewhere="über {channel}",
    ),
    "fr": PageWords(
        titles=_of(
            _STATES,
            "Se désabonner\u202f?",
            "Désabonné",
            "Réabonné",
            "Impossible à désactiver",
            "Ce lien ne fonctionne pas",
        ),
        lead=_of(
            _STATES,
            "Vous recevez {what}. Rien n’a encore changé.",
            "Vous ne recevrez plus {what}.",
            "Vous recevez de nouveau {what}, selon les paramètres de l’application.",
            (
                "{what}\u00a0: tous les titulaires d’un compte reçoivent ces messages, ils ne "
                "peuvent pas être désactivés. Rien n’a changé."
            ),
            "Le lien est incomplet, ou le compte n’existe plus. Rien n’a changé.",
        ),
        lead_all=_of(
            _STATES,
            "Vous recevez des e-mails de cette application. Rien n’a encore changé.",
            "Cette application ne vous enverra plus aucun e-mail.",
            "Vous recevez de nouveau des e-mails, selon les paramètres de l’application.",
        ),
        note=_of(
            _NOTES,
            (
                "Le bouton arrête tous les e-mails à votre adresse, y compris ceux sur votre "
                "compte et sa sécurité. Pour n’arrêter que certains messages, utilisez les "
                "paramètres de l’application."
            ),
            (
                "Un message déjà en route peut encore arriver. En cas d’erreur, vous pouvez "
                "revenir en arrière, maintenant ou plus tard, par le même lien."
            ),
            (
                "Copiez le lien entier depuis le message, ou changez ce que vous recevez dans "
                "les paramètres de l’application."
            ),
        ),
        stop="Arrêter {what}",
        stop_all="Arrêter tous les e-mails",
        back="Revenir en arrière",
        places=_of(
            _PLACES, "dans la boîte de réception", "par e-mail", "en notifications push", "par SMS"
        ),
        elsewhere="sur {channel}",
    ),
    "es": PageWords(
        titles=_of(
            _STATES,
            "¿Cancelar la suscripción?",
            "Suscripción cancelada",
            "Suscripción recuperada",
            "No se puede desactivar",
            "Este enlace no funciona",
        ),
        lead=_of(
            _STATES,
            "Recibes {what}. Aún no ha cambiado nada.",
            "Ya no recibirás {what}.",
            "Vuelves a recibir {what}, según los ajustes de la aplicación.",
            (
                "{what}: todas las cuentas reciben estos mensajes, no se pueden desactivar. "
                "No ha cambiado nada."
            ),
            "El enlace está incompleto o la cuenta ya no existe. No ha cambiado nada.",
        ),
        lead_all=_of(
            _STATES,
            "Recibes correos de esta aplicación. Aún no ha cambiado nada.",
            "Esta aplicación ya no te enviará ningún correo.",
            "Vuelves a recibir correos, según los ajustes de la aplicación.",
        ),
        note=_of(
            _NOTES,
            (
                "El botón detiene todos los correos a tu dirección, también los de tu cuenta "
                "y su seguridad. Para detener solo algunos mensajes, usa los ajustes de la "
                "aplicación."
            ),
            (
                "Un mensaje que ya está en camino aún puede llegar. Si fue un error, puedes "
                "deshacerlo ahora o más tarde con el mismo enlace."
            ),
            (
                "Copia el enlace completo del mensaje o cambia lo que recibes en los ajustes "
                "de la aplicación."
            ),
        ),
        stop="Dejar de recibir {what}",
        stop_all="Dejar de recibir correos",
        back="Deshacer",
        places=_of(_PLACES, "en la bandeja", "por correo", "como notificaciones push", "por SMS"),
        elsewhere="en {channel}",
    ),
    "pt": PageWords(
        titles=_of(
            _STATES,
            "Cancelar a inscrição?",
            "Inscrição cancelada",
            "Inscrição reativada",
            "Não pode ser desativado",
            "Este link não funciona",
        ),
        lead=_of(
            _STATES,
            "Você recebe {what}. Nada mudou ainda.",
            "Você não receberá mais {what}.",
            "Você volta a receber {what}, conforme as configurações do aplicativo.",
            (
                "{what}: todas as contas recebem estas mensagens, elas não podem ser "
                "desativadas. Nada mudou."
            ),
            "O link está incompleto ou a conta não existe mais. Nada mudou.",
        ),
        lead_all=_of(
            _STATES,
            "Você recebe e-mails deste aplicativo. Nada mudou ainda.",
            "Este aplicativo não enviará mais nenhum e-mail para você.",
            "Você volta a receber e-mails, conforme as configurações do aplicativo.",
        ),
        note=_of(
            _NOTES,
            (
                "O botão interrompe todos os e-mails para o seu endereço, também os da sua "
                "conta e da segurança dela. Para interromper só algumas mensagens, use as "
                "configurações do aplicativo."
            ),
            (
                "Uma mensagem que já está a caminho ainda pode chegar. Se foi um engano, você "
                "pode desfazer agora ou mais tarde pelo mesmo link."
            ),
            (
                "Copie o link inteiro da mensagem ou mude o que você recebe nas configurações "
                "do aplicativo."
            ),
        ),
        stop="Parar de receber {what}",
        stop_all="Parar de receber e-mails",
        back="Desfazer",
        places=_of(
            _PLACES, "na caixa de entrada", "por e-mail", "como notificações push", "por SMS"
        ),
        elsewhere="em {channel}",
    ),
    "ja": PageWords(
        titles=_of(
            _STATES,
            "配信を停止しますか？",
            "配信を停止しました",
            "配信を再開しました",
            "停止できません",
            "このリンクは使えません",
        ),
        lead=_of(
            _STATES,
            "現在{what}を受け取っています。まだ何も変更されていません。",
            "今後{what}は届きません。",
            "アプリケーションの通知設定に従って、再び{what}が届きます。",
            "{what}はすべてのアカウントに送られるため、停止できません。何も変更されていません。",
            "リンクが不完全か、アカウントが存在しません。何も変更されていません。",
        ),
        lead_all=_of(
            _STATES,
            "このアプリケーションからのメールを受け取っています。まだ何も変更されていません。",
            "今後このアプリケーションからメールは届きません。",
            "アプリケーションの通知設定に従って、再びメールが届きます。",
        ),
        note=_of(
            _NOTES,
            (
                "ボタンを押すと、アカウントやセキュリティに関するものも含め、すべてのメールが停止します。一部だけを停止するには、アプリケーションの通知設"
                "定をご利用ください。"
            ),
            "すでに送信されたメッセージは届くことがあります。誤って停止した場合は、今すぐ、または後で同じリンクから元に戻せます。",
            "メッセージ内のリンク全体をコピーするか、アプリケーションの通知設定で変更してください。",
        ),
        stop="{what}を停止",
        stop_all="すべてのメールを停止",
        back="元に戻す",
        places=_of(_PLACES, "（受信トレイ）", "（メール）", "（プッシュ通知）", "（SMS）"),
        elsewhere="（{channel}）",
    ),
    "zh": PageWords(
        titles=_of(
            _STATES,
            "要退订吗？",
            "已退订",
            "已恢复订阅",
            "无法关闭",
            "此链接无效",
        ),
        lead=_of(
            _STATES,
            "您目前会收到{what}。尚未做任何更改。",
            "您将不再收到{what}。",
            "您将按照应用的通知设置重新收到{what}。",
            "{what}会发送给所有账户，无法关闭。未做任何更改。",
            "链接不完整，或对应的账户已不存在。未做任何更改。",
        ),
        lead_all=_of(
            _STATES,
            "您目前会收到此应用的电子邮件。尚未做任何更改。",
            "此应用不会再向您发送任何电子邮件。",
            "您将按照应用的通知设置重新收到电子邮件。",
        ),
        note=_of(
            _NOTES,
            "点击下面的按钮会停止发给您的所有电子邮件，包括与账户及其安全有关的邮件。如果只想停止部分消息，请使用应用的通知设置。",
            "已经发出的消息仍可能送达。如果是误操作，您可以现在或以后通过同一链接恢复。",
            "请从消息中复制完整的链接，或在应用的通知设置中更改接收内容。",
        ),
        stop="停止接收{what}",
        stop_all="停止接收所有电子邮件",
        back="恢复",
        places=_of(_PLACES, "（收件箱）", "（电子邮件）", "（推送通知）", "（短信）"),
        elsewhere="（{channel}）",
    ),
    "ar": PageWords(
        titles=_of(
            _STATES,
            "هل تريد إلغاء الاشتراك؟",
            "أُلغي الاشتراك",
            "عاد الاشتراك",
            "لا يمكن إيقاف هذا",
            "هذا الرابط لا يعمل",
        ),
        lead=_of(
            _STATES,
            "تصلك {what}. لم يتغير شيء بعد.",
            "لن تصلك {what} بعد الآن.",
            "ستصلك {what} من جديد حسب إعدادات التطبيق.",
            "{what}: تصل هذه الرسائل إلى كل صاحب حساب، ولا يمكن إيقافها. لم يتغير شيء.",
            "الرابط ناقص أو أن حسابه لم يعد موجودًا. لم يتغير شيء.",
        ),
        lead_all=_of(
            _STATES,
            "تصلك رسائل بريد من هذا التطبيق. لم يتغير شيء بعد.",
            "لن يرسل إليك هذا التطبيق أي بريد بعد الآن.",
            "ستصلك رسائل البريد من جديد حسب إعدادات التطبيق.",
        ),
        note=_of(
            _NOTES,
            (
                "يوقف الزر كل رسائل البريد إلى عنوانك، ومنها ما يخص حسابك وأمانه. لإيقاف بعض "
                "الرسائل فقط، استخدم إعدادات التطبيق."
            ),
            (
                "قد تصل رسالة أُرسلت قبل ذلك. إن كان هذا خطأ، يمكنك التراجع الآن أو لاحقًا من "
                "الرابط نفسه."
            ),
            "انسخ الرابط كاملًا من الرسالة، أو غيّر ما يصلك في إعدادات التطبيق.",
        ),
        stop="إيقاف {what}",
        stop_all="إيقاف كل رسائل البريد",
        back="تراجع",
        places=_of(_PLACES, "في صندوق الوارد", "بالبريد الإلكتروني", "كإشعارات", "برسائل SMS"),
        elsewhere="عبر {channel}",
        direction="rtl",
    ),
}
