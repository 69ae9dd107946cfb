"""allauth's doors into this app: new rows, codes, mails, safe redirects. Rules live in signup.py and guests.py."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.cryptokit import generate_user_code
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import IntegrityError
from django.forms import BaseForm
from django.http import Http404, HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import guests, mails, profile, signup
from accounts.models import User

log = logging.getLogger(__name__)

CODE_DIGITS = 6
EMAIL_MAX_LENGTH = 254


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """E-mail and password."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is closed.",
        "duplicate_email": "Your account has this address already.",
        "email_password_mismatch": "E-mail and password do not match.",
        "email_taken": "Another account has this address. Reset its password to use it.",
        "enter_current_password": "That is not your password now.",
        "incorrect_code": "Not the code we sent.",
        "incorrect_password": "That is not your password.",
        "max_email_addresses": "You cannot add more than %d addresses.",
        "rate_limited": "A code was sent a moment ago. Wait ten seconds, then ask again.",
        "same_as_current": "That is the address the code went to already.",
        "too_many_login_attempts": "Too many tries. Wait five minutes, or reset the password.",
        "unverified_primary_email": "Verify the address first.",
    }

    def clean_email(self, email: str) -> str:
        """allauth would cut an address that is too long, and mail to what is left."""
        if len(email) > EMAIL_MAX_LENGTH:
            raise ValidationError("Enter a valid email address.")
        return email

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """A sign-up is always a new row: a guest who mistypes an address keeps the guest and its work."""
        super().save_user(request, user, form, commit=False)
        try:
            return signup.save_new(user=user) if commit else user
        except IntegrityError as error:  # the same address signed up in the same moment: answer as for any known one
            raise ImmediateHttpResponse(self.respond_email_verification_sent(request, None)) from error

    def login(self, request: HttpRequest, user: User) -> None:
        """The sign-in of somebody whose address is verified. What the guest made comes along before the key rotates:

        should the database be away, the visitor is still the guest and tries again.
        """
        guest_id = request.session.pop(guests.SESSION_KEY, None)
        arrival = signup.arrive(account_id=user.pk, guest_id=guest_id)
        super().login(request, user)
        if arrival.pictures:
            what = "picture" if arrival.pictures == 1 else f"{arrival.pictures} pictures"
            messages.success(request, f"Your {what} came along.")

    def is_safe_url(self, url: str | None) -> bool:
        """Only this very site: another allowed host is another site to the person who followed the link."""
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )

    def generate_email_verification_code(self) -> str:
        return str(generate_user_code(length=CODE_DIGITS, numeric=True, dashed=False))

    generate_password_reset_code = generate_email_verification_code

    def send_account_already_exists_mail(self, email: str) -> None:
        """Take as long as a real sign-up, which hashes a password: the clock must not tell who is known."""
        User().set_password(email)
        super().send_account_already_exists_mail(email)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """The text is the source; the HTML is the same text in our look."""
        mail: EmailMultiAlternatives = super().render_mail(template_prefix, email, context, headers)
        mail.attach_alternative(mails.as_html(subject=str(mail.subject), text=str(mail.body)), "text/html")
        return mail

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away must not break the page; the person reads that nothing was sent."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError:
            log.exception("mail not sent: %s", template_prefix)
            messages.error(self.request, "We could not send you a mail just now. Try again in a few minutes.")


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Google."""

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> SocialApp:
        """Where sign-in through others is not configured their doors are not there either."""
        try:
            return super().get_app(request, provider, client_id)
        except SocialApp.DoesNotExist as error:
            raise Http404 from error

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name"), data.get("last_name"))
        user.display_name = profile.name_from(data.get("name") or " ".join(part for part in parts if part))
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: BaseForm | None = None) -> User:
        if form is None:
            sociallogin.user.set_unusable_password()
            signup.save_new(user=sociallogin.user)
        user: User = super().save_user(request, sociallogin, form)
        return user
