/*
 * A wrapper of gss_accept_sec_context, to be preloaded, that hands over the
 * channel bindings of GSSBIND_DATA (hexadecimal application data). With
 * GSSBIND_REQUIRE set it refuses whoever came without any, as the mechanism
 * itself lets them pass.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef OM_uint32 accept_function(OM_uint32 *, gss_ctx_id_t *, gss_cred_id_t, gss_buffer_t, gss_channel_bindings_t,
                                  gss_name_t *, gss_OID *, gss_buffer_t, OM_uint32 *, OM_uint32 *, gss_cred_id_t *);

static accept_function *next;
static unsigned char data[128];
static size_t size;

__attribute__((constructor)) static void start(void) {
  const char *hex = getenv("GSSBIND_DATA");
  next = (accept_function *)dlsym(RTLD_NEXT, "gss_accept_sec_context");
  if (next == NULL || hex == NULL || strlen(hex) % 2 != 0 || strlen(hex) / 2 > sizeof data) {
    fputs("gssbind: no function to wrap, or no GSSBIND_DATA\n", stderr);
    exit(1);
  }
  for (size = 0; size < strlen(hex) / 2; size++) {
    if (sscanf(hex + 2 * size, "%2hhx", &data[size]) != 1) {
      fputs("gssbind: GSSBIND_DATA is not hexadecimal\n", stderr);
      exit(1);
    }
  }
}

OM_uint32 gss_accept_sec_context(OM_uint32 *minor, gss_ctx_id_t *context, gss_cred_id_t cred, gss_buffer_t input,
                                 gss_channel_bindings_t none, gss_name_t *source, gss_OID *mechanism,
                                 gss_buffer_t output, OM_uint32 *flags, OM_uint32 *lifetime, gss_cred_id_t *delegated) {
  struct gss_channel_bindings_struct bindings;
  OM_uint32 got = 0, major, ignored;
  (void)none;
  memset(&bindings, 0, sizeof bindings);
  bindings.application_data.length = size;
  bindings.application_data.value = data;
  major = next(minor, context, cred, input, &bindings, source, mechanism, output, &got, lifetime, delegated);
  if (flags != NULL)
    *flags = got;
  if (major == GSS_S_COMPLETE && getenv("GSSBIND_REQUIRE") != NULL && !(got & GSS_C_CHANNEL_BOUND_FLAG)) {
    gss_delete_sec_context(&ignored, context, GSS_C_NO_BUFFER);
    return GSS_S_BAD_BINDINGS;
  }
  return major;
}
