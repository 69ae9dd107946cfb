"""What the invented people of a fresh site do with each other's pictures: by the doors' own functions, so that every
count is as true as any other. Called once, inside the transaction that hangs the pictures."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from gallery import collecting, comments, follows, reactions
from gallery.models import Comment, Post, Visibility

Hung = Mapping[int, Post]
"""The posts by the seed of their picture: the name that a picture has in the file."""


def mingle(people: Mapping[str, User], hung: Hung, plan: Mapping[str, list[dict[str, Any]]]) -> None:
    """Likes, stars and follows as the seeds fall; comments and collections as the file has them."""
    for place, person in enumerate(people.values()):
        _like_and_rate(person, place, hung)
    _follow(list(people.values()))
    for told in plan["comments"]:
        if told["picture"] in hung and told["author"] in people:
            _comment(people[told["author"]], hung[told["picture"]], told)
    for told in plan["collections"]:
        if told["owner"] in people:
            _collect(people[told["owner"]], hung, told)


def _like_and_rate(person: User, place: int, hung: Hung) -> None:
    for seed, post in hung.items():
        if (seed * (place + 3)) % 5 < 2:
            reactions.like(code=post.code, user_id=person.pk)
        if post.owner_id != person.pk and (seed + place) % 3 == 0:
            reactions.rate(code=post.code, user_id=person.pk, stars=3 + (seed * (place + 1)) % 3)


def _follow(people: list[User]) -> None:
    """Each the two that come next."""
    for place, person in enumerate(people):
        for step in (1, 2):
            artist = people[(place + step) % len(people)]
            if artist.pk != person.pk:
                follows.follow(follower_id=person.pk, artist_id=artist.pk)


def _comment(author: User, post: Post, told: Mapping[str, Any]) -> None:
    comment = comments.add(code=post.code, author=author, text=told["text"])
    Comment.objects.filter(pk=comment.pk).update(created_at=timezone.now() - timedelta(hours=told["hours"]))


def _collect(owner: User, hung: Hung, told: Mapping[str, Any]) -> None:
    made = collecting.create(owner=owner, name=told["name"], about=told["about"], visibility=Visibility.PUBLIC)
    wanted = [hung[seed].asset_id for seed in told["pictures"] if seed in hung]
    collecting.add_many(owner=owner, collection_code=made.code, asset_ids=wanted)
