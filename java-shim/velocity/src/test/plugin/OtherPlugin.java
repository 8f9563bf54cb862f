package com.example.user;

/** A plugin that does nothing. */
public final class OtherPlugin {}
