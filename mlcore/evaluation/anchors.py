"""Figures that others publish, of programs whose weights could not be had: never run here, never a win."""

NOT_RUN = "not run: weights not available here"

# Program, what its authors or users publish on electron micrographs, where it stands.
PUBLISHED = (
    ("YOLOv8x + SAM ViT-B (nanoDetect)", "mAP50 0.78, F1 0.91 on supported catalysts, own split",
     "ArdaGen/STEM-Automated-Nanoparticle-Analysis-YOLOv8-SAM; arXiv 2410.01213"),
    ("NP-SAM 3.2", "no F1 published; a comparable SAM pipeline 3 to 5 % size error, under 1 min an image",
     "TorbenVilladsen/np-sam; mdpi.com/2079-4991/15/24/1886"),
    ("micro-sam 1.8", "none on particles; 1.5 to 24 s an image on CPU",
     "micro-sam, finetuning/evaluation/time-benchmarking.md"),
    ("Cellpose-SAM 4.2", "none on particles", "MouseLand/cellpose"),
    ("StarDist 0.9 (published weights)", "none on particles", "stardist/stardist"),
    ("BPartIS / ImageDataExtractor 2", "trained and tested on EMPS (366 / 99 images); figures not to be had",
     "by256/bpartis"),
    ("BAM workflow (WGAN, CycleGAN, U-Net)", "instance IoU 0.65 on 40 SEM images of TiO2",
     "BAMresearch/automatic-sem-image-segmentation"),
    ("ETEM tracking (Faraz 2022)", "MOTA 99.5 %, FP 0, FN 9, as quoted by a later paper",
     "s41598-022-06308-2"),
    ("in-situ gold sintering study", "IoU of pixels: YOLOv8n-seg 0.933 to EfficientSAM-tiny 0.997, own split",
     "msa-em/microscopy-seg-track, 03_Results.md"),
    ("HRTEM U-Net (Groschner)", "Dice 0.80 of pixels", "arXiv 2001.05022"),
    ("SEM U-Net with CBAM", "IoU 0.878, F1 0.935, size error 4.25 %", "RSC Adv. 2025, d5ra03210e"),
    ("nNPipe", "better than Otsu; figures not to be had", "s41524-022-00949-7"),
    ("the paper that etemweb began with",
     "P 0.92, R 0.88, F1 0.90; diameter MAE 2.5 nm; RMSE 0.08 and 0.05; 35 s",
     "no data, no weights, no matching rule; reproduced here as “paper mode”"),
)  # fmt: skip
