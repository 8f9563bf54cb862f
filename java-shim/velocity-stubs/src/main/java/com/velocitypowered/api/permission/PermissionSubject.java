package com.velocitypowered.api.permission;

public interface PermissionSubject {
    Tristate getPermissionValue(String permission);
}
