/* The loops of the reflex. reflex.c includes this file once for every kind of processor: there are no include guards.
 * LV(name) is the name of a function for the present kind, LV_VECTOR the bytes it works on at once.
 */
#include "reflex_arithmetic.h"
#include "reflex_silero.h"
#include "reflex_linear.h"
