/* SPDX-License-Identifier: MIT */
/* The module that shows frames by SDL. */

#include "live/window.h"

#include <SDL.h>

#include <stdlib.h>

struct imp_window {
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
};

static void close_window(struct imp_window *w)
{
    if (!w)
        return;
    SDL_DestroyTexture(w->texture);
    SDL_DestroyRenderer(w->renderer);
    SDL_DestroyWindow(w->window);
    SDL_Quit();
    free(w);
}

static bool open_parts(struct imp_window *w, const char *title, int width, int height)
{
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1"); /* the program has its own */
    SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return false;
    w->window = SDL_CreateWindow(title, SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, width,
                                 height, SDL_WINDOW_RESIZABLE);
    w->renderer = w->window ? SDL_CreateRenderer(w->window, -1, 0) : NULL;
    if (!w->renderer)
        return false;
    SDL_SetYUVConversionMode(SDL_YUV_CONVERSION_BT601);
    SDL_RenderSetLogicalSize(w->renderer, width, height);
    w->texture = SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_IYUV, SDL_TEXTUREACCESS_STREAMING,
                                   width, height);
    return w->texture != NULL;
}

static struct imp_window *open_window(const char *title, int width, int height, char *why,
                                      size_t size)
{
    struct imp_window *w = calloc(1, sizeof(*w));
    if (w && open_parts(w, title, width, height))
        return w;
    SDL_strlcpy(why, w ? SDL_GetError() : "out of memory", size);
    close_window(w);
    return NULL;
}

static bool show(struct imp_window *w, const unsigned char *const planes[3],
                 const size_t strides[3], char *why, size_t size)
{
    const bool shown = SDL_UpdateYUVTexture(w->texture, NULL, planes[0], (int)strides[0], planes[1],
                                            (int)strides[1], planes[2], (int)strides[2]) == 0 &&
                       SDL_RenderClear(w->renderer) == 0 &&
                       SDL_RenderCopy(w->renderer, w->texture, NULL, NULL) == 0;
    if (shown)
        SDL_RenderPresent(w->renderer);
    else
        SDL_strlcpy(why, SDL_GetError(), size);
    return shown;
}

/* Our word for a key; 0: it means nothing. */
static int meaning_of(SDL_Keycode key)
{
    static const struct {
        SDL_Keycode key;
        int meaning;
    } keys[] = {{SDLK_UP, '+'},   {SDLK_PLUS, '+'},  {SDLK_EQUALS, '+'},   {SDLK_KP_PLUS, '+'},
                {SDLK_DOWN, '-'}, {SDLK_MINUS, '-'}, {SDLK_KP_MINUS, '-'}, {SDLK_RIGHT, '>'},
                {SDLK_LEFT, '<'}, {SDLK_q, 'q'},     {SDLK_ESCAPE, 'q'}};
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (keys[i].key == key)
            return keys[i].meaning;
    return 0;
}

static void turn_full(struct imp_window *w)
{
    const Uint32 full = SDL_GetWindowFlags(w->window) & SDL_WINDOW_FULLSCREEN_DESKTOP;
    SDL_SetWindowFullscreen(w->window, full ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
}

static int next_key(struct imp_window *w)
{
    SDL_Event event;
    while (SDL_PollEvent(&event)) {
        if (event.type == SDL_QUIT)
            return 'q';
        if (event.type == SDL_KEYDOWN && event.key.keysym.sym == SDLK_f)
            turn_full(w);
        const int meaning = event.type == SDL_KEYDOWN ? meaning_of(event.key.keysym.sym) : 0;
        if (meaning)
            return meaning;
    }
    return 0;
}

extern __attribute__((visibility("default"))) const struct imp_window_driver imp_window_driver;
const struct imp_window_driver imp_window_driver = {open_window, show, next_key, close_window};
