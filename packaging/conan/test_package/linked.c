#include <paynow_bridge.h>
#include <stdio.h>

int main(void) {
    if (paynow_abi_version() != PAYNOW_ABI_VERSION) {
        return 1;
    }
    printf("linked with paynow_bridge %s\n", paynow_version());
    return 0;
}
