#include <sourcemod>
#include <paynow>

#pragma semicolon 1
#pragma newdecls required

public Plugin myinfo =
{
	name = "PayNow example",
	description = "Tells which of the joining players are customers"
};

public void OnClientAuthorized(int client, const char[] auth)
{
	char steamId[24];
	if (!GetClientAuthId(client, AuthId_SteamID64, steamId, sizeof(steamId)))
		return;
	PayNow_LookupCustomer(PayNowKey_SteamId, steamId, OnCustomer, GetClientUserId(client));
}

void OnCustomer(PayNowStatus status, bool found, any userId)
{
	// The player may have left meanwhile.
	int client = GetClientOfUserId(userId);
	if (client == 0)
		return;
	char text[128];
	if (status != PayNow_OK)
	{
		PayNow_GetText(PayNowText_Error, text, sizeof(text));
		LogMessage("%N: %s", client, text);
	}
	else if (found)
	{
		PayNow_GetText(PayNowText_CustomerId, text, sizeof(text));
		LogMessage("%N is customer %s", client, text);
	}
	else
	{
		LogMessage("%N is not a customer", client);
	}
}
