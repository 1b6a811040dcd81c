"""One configuration for every benchmark: all three channels on."""

PROJECT_TOKEN = "nb_" + "0" * 40
SETTINGS = {
    "server": {"listen": "127.0.0.1:0"},
    "auth": {
        "api_key": "pk_" + "0" * 20,
        "secret_key": "sk_" + "0" * 40,
        "project_tokens": [{"name": "bench", "token": PROJECT_TOKEN}],
    },
    "email": {
        "host": "127.0.0.1",
        "port": 1,
        "security": "none",
        "from": "Shop <shop@shop.example>",
    },
    "web_push": {
        "subject": "mailto:ops@shop.example",
        "private_key": "Q0VSVEFJTkxZX05PVF9BX1JFQUxfS0VZX09LX09LISE",
        "allow_private_endpoints": True,
    },
    "categories": {"orders": {"label": "Orders"}},
}
