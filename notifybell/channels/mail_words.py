"""Our own words in mails, a row a language; English where there is none.

What the project wrote, it wrote; these stand around it. A language more is a row more. `news` has
the plural forms of the language, by their names in CLDR; `#` is the number.
"""

# ruff: noqa: RUF001 (Chinese and Japanese have their own commas and colons)

from collections.abc import Callable, Mapping

import msgspec


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One language."""

    open: str
    unsubscribe: str
    sent_by: str
    #: with {name}
    more: str
    #: with {count}, of what a digest does not list
    other: str
    #: heads what has no category
    news: Mapping[str, str]
    sign_in: str
    #: with {title}
    sign_in_text: str
    form: Callable[[int], str] = lambda count: "one" if count == 1 else "other"
    #: which of the plural forms goes with a number

    def new_notifications(self, count: int) -> str:
        """The title of a digest: "3 new notifications"."""
        return self.news[self.form(count)].replace("#", str(count))


def words_for(locale: str | None) -> Words:
    """`de` answers for `de-AT` and `de_AT`."""
    return LANGUAGES.get(
        (locale or "").replace("_", "-").lower().partition("-")[0], LANGUAGES["en"]
    )


def _with_zero(count: int) -> str:
    return "one" if count in (0, 1) else "other"


def _one_for_all(count: int) -> str:
    return "other"


def _arabic(count: int) -> str:
    if count < 3:
        return ("zero", "one", "two")[count]
    rest = count % 100
    return "few" if 3 <= rest <= 10 else "many" if rest >= 11 else "other"


LANGUAGES: dict[str, Words] = {
    "en": Words(
        open="Open",
        unsubscribe="Unsubscribe",
        sent_by="Sent by {name}",
        more="and {count} more",
        other="Other",
        news={"one": "# new notification", "other": "# new notifications"},
        sign_in="Sign in to {title}",
        sign_in_text="This link signs you in, once and within 15 minutes.\n\n"
        "If you did not ask for it, ignore this mail: nothing has happened.",
    ),
    "de": Words(
        open="Öffnen",
        unsubscribe="Abbestellen",
        sent_by="Gesendet von {name}",
        more="und {count} weitere",
        other="Sonstiges",
        news={"one": "# neue Mitteilung", "other": "# neue Mitteilungen"},
        sign_in="Anmelden bei {title}",
        sign_in_text="Dieser Link meldet dich an, einmal und innerhalb von 15 Minuten.\n\n"
        "Wenn du ihn nicht angefordert hast, ignoriere diese E-Mail: Es ist nichts passiert.",
    ),
    "fr": Words(
        open="Ouvrir",
        unsubscribe="Se désabonner",
        sent_by="Envoyé par {name}",
        more="et {count} de plus",
        other="Autres",
        news={"one": "# nouvelle notification", "other": "# nouvelles notifications"},
        sign_in="Connexion à {title}",
        sign_in_text="Ce lien vous connecte, une seule fois et dans les 15 minutes.\n\n"
        "Si vous ne l’avez pas demandé, ignorez cet e-mail\u202f: rien ne s’est passé.",
        form=_with_zero,
    ),
    "es": Words(
        open="Abrir",
        unsubscribe="Cancelar suscripción",
        sent_by="Enviado por {name}",
        more="y {count} más",
        other="Otras",
        news={"one": "# notificación nueva", "other": "# notificaciones nuevas"},
        sign_in="Inicia sesión en {title}",
        sign_in_text="Este enlace inicia tu sesión, una sola vez y en los próximos 15 minutos.\n\n"
        "Si no lo pediste, ignora este correo: no ha pasado nada.",
    ),
    "pt": Words(
        open="Abrir",
        unsubscribe="Cancelar inscrição",
        sent_by="Enviado por {name}",
        more="e mais {count}",
        other="Outras",
        news={"one": "# nova notificação", "other": "# novas notificações"},
        sign_in="Entrar em {title}",
        sign_in_text="Com este link você entra, uma única vez e nos próximos 15 minutos.\n\n"
        "Se você não o pediu, ignore este e-mail: nada aconteceu.",
        form=_with_zero,
    ),
    "ja": Words(
        open="開く",
        unsubscribe="配信を停止",
        sent_by="送信元：{name}",
        more="ほか{count}件",
        other="その他",
        news={"other": "新着通知#件"},
        sign_in="{title}へのサインイン",
        sign_in_text="このリンクでサインインできます。有効なのは1回だけ、15分以内です。\n\n"
        "お心当たりがない場合は、このメールを無視してください。何も変更されていません。",
        form=_one_for_all,
    ),
    "zh": Words(
        open="打开",
        unsubscribe="退订",
        sent_by="由 {name} 发送",
        more="还有 {count} 条",
        other="其他",
        news={"other": "# 条新通知"},
        sign_in="登录 {title}",
        sign_in_text="点击此链接即可登录，仅限一次，15 分钟内有效。\n\n"
        "如果这不是您本人的操作，请忽略此邮件，不会有任何影响。",
        form=_one_for_all,
    ),
    "ar": Words(
        open="فتح",
        unsubscribe="إلغاء الاشتراك",
        sent_by="أرسلها {name}",
        more="وأخرى غيرها: {count}",
        other="أخرى",
        news={
            "zero": "لا إشعارات جديدة",
            "one": "إشعار جديد",
            "two": "إشعاران جديدان",
            "few": "# إشعارات جديدة",
            "many": "# إشعارًا جديدًا",
            "other": "# إشعار جديد",
        },
        sign_in="تسجيل الدخول إلى {title}",
        sign_in_text="يسجّل هذا الرابط دخولك مرة واحدة خلال 15 دقيقة.\n\n"
        "إذا لم تطلبه فتجاهل هذه الرسالة: لم يحدث شيء.",
        form=_arabic,
    ),
}
