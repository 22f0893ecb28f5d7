/*
 * Wine has no Windows.UI.ViewManagement, which Qt's real platform for Windows asks for colours, text size and contrast,
 * and without which it does not start. This one answers as a Windows in the light theme does, with its blue accent, all
 * else as it comes. Nothing ever changes, so nobody is ever called back. For tests only, never shipped.
 *
 * Source of the interfaces: windows.ui.viewmanagement.idl of the Windows SDK; of the first six methods: inspectable.idl.
 */

#define EXPORT __declspec(dllexport)

typedef int hresult;
typedef unsigned char byte;

typedef struct {
    unsigned first;
    unsigned short second, third;
    byte last[8];
} guid;

typedef struct {
    byte alpha, red, green, blue;
} color;

/* An object of COM: all that others see of it is the table of its methods. Each of ours lives as long as its library. */
typedef struct {
    const void *const *methods;
} object;

enum {
    S_OK = 0,
    E_NOINTERFACE = (int)0x80004002,
    E_NOTIMPL = (int)0x80004001
};

/* UIColorType */
enum { BACKGROUND, FOREGROUND, ACCENT_DARK_3, ACCENT_DARK_2, ACCENT_DARK_1, ACCENT };

static hresult query_interface(object *self, const guid *wanted, object **found);

static unsigned long count_reference(object *self)
{
    return 1;
}

static hresult get_iids(object *self, unsigned *count, guid **iids)
{
    *count = 0;
    *iids = 0;
    return S_OK;
}

static hresult get_runtime_class_name(object *self, void **name)
{
    *name = 0; /* an empty string, in WinRT */
    return S_OK;
}

static hresult get_trust_level(object *self, int *level)
{
    *level = 0;
    return S_OK;
}

static hresult not_implemented(object *self)
{
    return E_NOTIMPL;
}

static hresult get_false(object *self, byte *value)
{
    *value = 0;
    return S_OK;
}

static hresult get_true(object *self, byte *value)
{
    *value = 1;
    return S_OK;
}

static hresult get_text_scale_factor(object *self, double *value)
{
    *value = 1.0;
    return S_OK;
}

static hresult get_high_contrast_scheme(object *self, void **name)
{
    *name = 0;
    return S_OK;
}

static hresult get_color_value(object *self, int type, color *value)
{
    const color white = {255, 255, 255, 255}, black = {255, 0, 0, 0}, blue = {255, 0, 120, 212};
    *value = type == BACKGROUND ? white : type == FOREGROUND ? black : blue;
    return S_OK;
}

static hresult add_listener(object *self, void *listener, long long *token)
{
    *token = 1;
    return S_OK;
}

static hresult remove_listener(object *self, long long token)
{
    return S_OK;
}

static hresult activate_instance(object *self, object **made);

#define INSPECTABLE \
    query_interface, count_reference, count_reference, get_iids, get_runtime_class_name, get_trust_level

static const void *const factory_methods[] = {INSPECTABLE, activate_instance};

/* IUISettings: hand preference, sizes of cursor and scroll bars, times of mouse and caret, old colours. */
static const void *const settings_methods[] = {
    INSPECTABLE,     not_implemented, not_implemented, not_implemented, not_implemented,
    not_implemented, not_implemented, not_implemented, not_implemented, not_implemented,
    not_implemented, not_implemented, not_implemented, not_implemented,
};
static const void *const settings_2_methods[] = {INSPECTABLE, get_text_scale_factor, add_listener, remove_listener};
static const void *const settings_3_methods[] = {INSPECTABLE, get_color_value, add_listener, remove_listener};
/* IUISettings4: whether there are transparent grounds and the like, as on a Windows as it comes. */
static const void *const settings_4_methods[] = {INSPECTABLE, get_true, add_listener, remove_listener};
static const void *const accessibility_methods[] = {
    INSPECTABLE, get_false, get_high_contrast_scheme, add_listener, remove_listener,
};

static object factory = {factory_methods};
static object settings = {settings_methods};
static object settings_2 = {settings_2_methods};
static object settings_3 = {settings_3_methods};
static object settings_4 = {settings_4_methods};
static object accessibility = {accessibility_methods};

static const struct {
    guid iid;
    object *answer; /* 0 for the object that is asked */
} interfaces[] = {
    /* IUnknown, IInspectable, IAgileObject */
    {{0x00000000, 0x0000, 0x0000, {0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}}, 0},
    {{0xaf86e2e0, 0xb12d, 0x4c6a, {0x9c, 0x5a, 0xd7, 0xaa, 0x65, 0x10, 0x1e, 0x90}}, 0},
    {{0x94ea2b94, 0xe9cc, 0x49e0, {0xc0, 0xff, 0xee, 0x64, 0xca, 0x8f, 0x5b, 0x90}}, 0},
    /* IActivationFactory */
    {{0x00000035, 0x0000, 0x0000, {0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}}, &factory},
    /* IUISettings to IUISettings4 */
    {{0x85361600, 0x1c63, 0x4627, {0xbc, 0xb1, 0x3a, 0x89, 0xe0, 0xbc, 0x9c, 0x55}}, &settings},
    {{0xbad82401, 0x2721, 0x44f9, {0xbb, 0x91, 0x2b, 0xb2, 0x28, 0xbe, 0x44, 0x2f}}, &settings_2},
    {{0x03021be4, 0x5254, 0x4781, {0x81, 0x94, 0x51, 0x68, 0xf7, 0xd0, 0x6d, 0x7b}}, &settings_3},
    {{0x52bb3002, 0x919b, 0x4d6b, {0x9b, 0x78, 0x8d, 0xd6, 0x6f, 0xf4, 0xb9, 0x3b}}, &settings_4},
    /* IAccessibilitySettings */
    {{0xfe0e8147, 0xc4c0, 0x4562, {0xb9, 0x62, 0x13, 0x27, 0xb5, 0x2a, 0xd5, 0xb9}}, &accessibility},
};

static int is_same(const guid *one, const guid *other)
{
    for (unsigned at = 0; at < sizeof(guid); at++)
        if (((const byte *)one)[at] != ((const byte *)other)[at])
            return 0;
    return 1;
}

static hresult query_interface(object *self, const guid *wanted, object **found)
{
    for (unsigned at = 0; at < sizeof interfaces / sizeof *interfaces; at++)
        if (is_same(wanted, &interfaces[at].iid)) {
            *found = interfaces[at].answer ? interfaces[at].answer : self;
            return S_OK;
        }
    *found = 0;
    return E_NOINTERFACE;
}

/* One object is all classes: whoever asks it for an interface gets that one. */
static hresult activate_instance(object *self, object **made)
{
    *made = &settings;
    return S_OK;
}

EXPORT hresult DllGetActivationFactory(void *class_name, object **found)
{
    *found = &factory;
    return S_OK;
}

EXPORT hresult DllCanUnloadNow(void)
{
    return 1; /* S_FALSE: its objects are its own data */
}

int DllMainCRTStartup(void *library, unsigned reason, void *reserved)
{
    return 1;
}
