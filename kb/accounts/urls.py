"""The addresses of sign-in and the account pages."""

from django.urls import path

from kb.accounts import views

app_name = "accounts"
urlpatterns = [
    path("login/", views.SignIn.as_view(), name="login"),
    path("logout/", views.SignOut.as_view(), name="logout"),
    path("profile/", views.profile, name="profile"),
    path("password/", views.PasswordChange.as_view(), name="password_change"),
    path("password/done/", views.password_change_done, name="password_change_done"),
    path("language/", views.language, name="language"),
]
