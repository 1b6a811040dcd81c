"""A shop in one file: sign in as Ann or Bob, see the bell, order something, and it rings.

python shop.py runserver; README.md says what must be set before.
"""

import os
import sys
import time
from pathlib import Path

import django
import jwt
import requests
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

NOTIFYBELL = os.environ.get("NOTIFYBELL_URL", "http://127.0.0.1:8080")

settings.configure(
    SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "only-for-trying-" + "x" * 40),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).resolve().parent],
        }
    ],
)
django.setup()


def bell_token(user):
    """Lets this user's browser open this user's inbox for an hour."""
    claims = {
        "api_key": os.environ["NOTIFYBELL_API_KEY"],
        "user_external_id": user,
        "exp": int(time.time()) + 3600,
    }
    return jwt.encode(claims, os.environ["NOTIFYBELL_SECRET_KEY"], algorithm="HS256")


def home(request):
    user = request.session.get("user")
    token = bell_token(user) if user else ""
    return render(request, "shop.html", {"user": user, "token": token, "server": NOTIFYBELL})


@require_POST
def sign_in(request):
    """A real shop asks for a password here."""
    if request.POST["user"] in ("ann", "bob"):
        request.session["user"] = request.POST["user"]
    return redirect("/")


@require_POST
def sign_out(request):
    request.session.flush()
    return redirect("/")


def fresh_token(request):
    user = request.session.get("user")
    return HttpResponse(bell_token(user) if user else "", status=200 if user else 401)


@require_POST
def order(request):
    user = request.session.get("user")
    if user is None:
        return redirect("/")
    requests.post(
        f"{NOTIFYBELL}/api/broadcasts",
        headers={"Authorization": f"Bearer {os.environ['NOTIFYBELL_PROJECT_TOKEN']}"},
        json={
            "title": "Your order has shipped",
            "content": "It will arrive on **Friday**.",
            "recipients": [{"external_id": user}],
        },
        timeout=10,
    ).raise_for_status()
    return redirect("/")


urlpatterns = [
    path("", home),
    path("sign-in", sign_in),
    path("sign-out", sign_out),
    path("bell-token", fresh_token),
    path("order", order),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
