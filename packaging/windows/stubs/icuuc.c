/*
 * Wine has no icuuc.dll, the part of Windows that knows old text encodings, and Qt 6.10 and later does not start
 * without one. This one knows no encoding at all: whoever opens one is told so, and Qt then lives without, as it does
 * for a name that nobody has heard of. UTF-8, UTF-16 and Latin-1 are Qt's own. For tests only, never shipped.
 */

#define EXPORT __declspec(dllexport)

/* Asks for an encoding that was opened, and none ever is. */
#define NEVER_CALLED(name) EXPORT void name(void) { __builtin_trap(); }

enum { U_FILE_ACCESS_ERROR = 4 };

EXPORT void *ucnv_open(const char *name, int *error)
{
    *error = U_FILE_ACCESS_ERROR;
    return 0;
}

EXPORT void ucnv_close(void *converter)
{
}

EXPORT int ucnv_countAvailable(void)
{
    return 0;
}

EXPORT const char *ucnv_getAvailableName(int index)
{
    return 0;
}

EXPORT const char *ucnv_getStandardName(const char *name, const char *standard, int *error)
{
    *error = U_FILE_ACCESS_ERROR;
    return 0;
}

NEVER_CALLED(ucnv_reset)
NEVER_CALLED(ucnv_getName)
NEVER_CALLED(ucnv_getMaxCharSize)
NEVER_CALLED(ucnv_toUnicode)
NEVER_CALLED(ucnv_fromUnicode)
NEVER_CALLED(ucnv_toUCountPending)
NEVER_CALLED(ucnv_fromUCountPending)
NEVER_CALLED(ucnv_getToUCallBack)
NEVER_CALLED(ucnv_setToUCallBack)
NEVER_CALLED(ucnv_getFromUCallBack)
NEVER_CALLED(ucnv_setFromUCallBack)
NEVER_CALLED(ucnv_cbToUWriteUChars)
NEVER_CALLED(ucnv_cbFromUWriteUChars)
NEVER_CALLED(UCNV_TO_U_CALLBACK_SUBSTITUTE)
NEVER_CALLED(UCNV_FROM_U_CALLBACK_SUBSTITUTE)

int DllMainCRTStartup(void *library, unsigned reason, void *reserved)
{
    return 1;
}
