"""The video VAEs of LTX: `video` of LTX-Video, `video2` of LTX-2. The sound of LTX-2 is in `sound`."""
