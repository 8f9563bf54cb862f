// Calls every native of paynow.inc once, so that the compiler reads each declaration. Compiled twice: with the extension
// required and, by OPTIONAL, without.
#include <sourcemod>
#if defined OPTIONAL
  #undef REQUIRE_EXTENSIONS
  #undef AUTOLOAD_EXTENSIONS
#endif
#include <paynow>

#pragma semicolon 1
#pragma newdecls required

public void OnPluginStart()
{
	bool accepted = PayNow_LookupCustomer(PayNowKey_Name, "Mira", OnAnswer)
		&& PayNow_EnsureCustomer("[U:1:5]", "Mira", OnAnswer, 1)
		&& PayNow_CreateToken("1", OnAnswer)
		&& PayNow_TokenFor("[U:1:5]", "", OnAnswer)
		&& PayNow_InvalidateTokens("1", OnAnswer)
		&& PayNow_LookupGiftCard("token", "code", OnAnswer)
		&& PayNow_Request("GET", "/v1/stores/{store_id}", "", OnAnswer);
	int cancelled = PayNow_Cancel(1) + PayNow_CancelAll();
	PrintToServer("%d %d", accepted, cancelled);
}

void OnAnswer(PayNowStatus status, bool found, any data)
{
	char text[64];
	if (status == PayNow_RateLimited && !found)
		PrintToServer("%d %d %d", data, PayNow_GetHttpStatus(), PayNow_GetRetryAfter());
	if (PayNow_GetTextLength(PayNowText_Json) >= 0 && PayNow_GetText(PayNowText_Json, text, sizeof(text)))
		PrintToServer("%s", text);
	if (PayNow_GetMetadata("rank", text, sizeof(text)))
		PrintToServer("%s", text);
}
