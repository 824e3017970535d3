"""The VAEs of Hunyuan's models: `video` of HunyuanVideo, `image` of HunyuanImage 2.1, `video15` of HunyuanVideo-1.5."""
