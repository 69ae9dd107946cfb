"""The anchors: no database, a template, one SELECT, one commit, and the three statements that a submit needs."""

import random

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

ACCOUNTS = 1000
JOBS = 1000
TABLES = f"""
    CREATE TABLE account (id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0)) WITH (fillfactor = 50);
    CREATE TABLE job (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES account, state text NOT NULL,
                      version integer NOT NULL DEFAULT 1, prompt text NOT NULL, made_at timestamptz DEFAULT now());
    CREATE TABLE hold (id bigserial PRIMARY KEY, account_id bigint NOT NULL, job_id bigint NOT NULL,
                       amount bigint NOT NULL);
    INSERT INTO account SELECT number, 1000000000 FROM generate_series(1, {ACCOUNTS}) number;
    INSERT INTO job (account_id, state, prompt)
        SELECT 1 + number % {ACCOUNTS}, 'queued', 'a lighthouse' FROM generate_series(1, {JOBS}) number;
"""
CARDS = [
    {
        "code": f"019bd2c4-0000-7000-8000-{number:012}",
        "width": 1200,
        "height": 800,
        "alt": "A lighthouse on a cliff at dusk",
        "title": f"A lighthouse on a cliff at dusk, long exposure, soft rain, number {number}",
        "artist": f"artist{number}",
        "likes": number % 7,
        "model": "Demo",
        "ratio": "3:2",
        "is_new": number % 3 == 0,
    }
    for number in range(50)
]


def cards(request: HttpRequest) -> HttpResponse:
    return render(request, "cards.html", {"title": "Cards", "cards": CARDS})


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


def select(request: HttpRequest, pk: int) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, version FROM job WHERE id = %s", [pk])
        state, version = cursor.fetchone()
    return HttpResponse(f"{state} {version}")


def commit(request: HttpRequest) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO job (account_id, state, prompt) VALUES (%s, 'queued', 'a lighthouse') RETURNING id",
            [random.randint(1, ACCOUNTS)],
        )
        (pk,) = cursor.fetchone()
    return HttpResponse(str(pk), status=201)


def submit(request: HttpRequest) -> HttpResponse:
    account = random.randint(1, ACCOUNTS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE account SET balance = balance - 1 WHERE id = %s", [account])
        cursor.execute(
            "INSERT INTO job (account_id, state, prompt) VALUES (%s, 'queued', 'a lighthouse') RETURNING id", [account]
        )
        (pk,) = cursor.fetchone()
        cursor.execute("INSERT INTO hold (account_id, job_id, amount) VALUES (%s, %s, 1)", [account, pk])
    return HttpResponse(str(pk), status=201)
