"""Words that stand before telephone numbers, and words that stand before other numbers. Data."""

from __future__ import annotations

from workers.policies.personal.context import Words

STRONG = Words(
    *("tel", "tel no", "telephone", "telephones", "phone", "phones", "ph", "phone number", "mob"),
    *("cell", "cellphone", "dial", "fax", "facsimile", "telefax", "whatsapp", "sms", "landline"),
    *("hotline", "mobile no", "mobile number", "contact no", "contact number"),
    *("telefon", "tel nr", "telefonnummer", "fon", "handy", "mobil", "mobilnummer", "rufnummer"),
    *("durchwahl", "anrufen", "tél", "téléphone", "télécopie", "appelez", "joindre"),
    *("teléfono", "teléfonos", "telf", "tfno", "móvil", "celular", "llame", "llamar"),
    *("telefone", "telemóvel", "telemóveis", "ligue", "fone", "telefono", "cellulare", "chiamare"),
    *("recapito", "telefoon", "telefoonnummer", "mobiel", "gsm", "telefonu", "komórka", "tlf"),
    *("puhelin", "puh", "тел", "телефон", "телефону", "телефоны", "моб", "мобильный", "факс"),
    *("звоните", "τηλ", "τηλέφωνο", "điện thoại"),
    *(
        "电话",
        "電話",
        "手机",
        "手機",
        "传真",
        "傳真",
        "联系方式",
        "热线",
        "携帯",
        "ファックス",
        "連絡先",
    ),
    *("전화", "전화번호", "휴대폰", "핸드폰", "연락처", "팩스", "फ़ोन", "फोन", "मोबाइल", "दूरभाष"),
    *("هاتف", "جوال", "تليفون", "موبايل", "فاكس", "تلفن", "טלפון", "נייד", "โทร"),
)
"""Any valid number that follows is a telephone number."""

WEAK = Words(
    *("text", "contact", "unter", "ruf", "erreichbar", "number", "nummer", "numéro"),
    *("número", "numero", "call", "bel", "bellen", "portable", "kom", "mobile", "contato"),
    "contacto",
)
"""These stand before other numbers, too."""

OTHERS = Words(
    *(
        "isbn",
        "issn",
        "doi",
        "ean",
        "gtin",
        "upc",
        "asin",
        "pmid",
        "arxiv",
        "imei",
        "tracking",
        "lot",
        "batch",
    ),
    *("order", "invoice", "account", "serial", "part", "model", "sku", "item", "ref", "reference"),
    *(
        "case",
        "bug",
        "issue",
        "size",
        "patent",
        "version",
        "build",
        "rev",
        "page",
        "pages",
        "pp",
        "p",
        "vol",
        "no",
        "nr",
    ),
    *("date", "dated", "born", "zip", "postcode", "plz", "iban", "bic", "card", "id", "fig"),
    *("table", "s/n", "ssn", "bsn", "nhs", "nino", "vat", "tax id", "ein"),
    *("bestellung", "rechnung", "kunden", "kundennummer", "artikel", "art nr", "konto", "seite"),
    *("steuer", "steuernummer", "commande", "facture", "client", "compte", "siret", "siren", "rcs"),
    *("pedido", "factura", "cuenta", "dni", "nif", "nie", "cif", "cnpj", "cpf", "nota fiscal"),
    *("ordine", "fattura", "conto", "codice fiscale", "partita iva", "bestelling", "factuur"),
    *("pesel", "nip", "regon", "krs", "eur", "usd", "gbp", "rub", "kg", "km", "€", "$", "£", "¥"),
    *("заказ", "счет", "счёт", "инн", "кпп", "огрн", "р/с", "к/с", "бик", "снилс", "订单", "编号"),
    *("注文", "계좌", "身份证", "マイナンバー", "주민등록번호", "आधार"),
)
"""A national number that follows is none of a telephone."""
