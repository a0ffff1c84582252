"""Formats that are recognised but not read: their files are left in place, with advice.

Their signatures are compiled by the first file that is none of those that are read.
"""

from batchdigits.images.formats.image_format import ImageFormat

_EXPORT_ADVICE = "Save or export it as PNG, JPEG or TIFF."

PDF = ImageFormat(
    name="pdf",
    label="PDF",
    signature=rb"\s{0,32}%PDF-",
    suffixes=(".pdf",),
    advice="PDF files are not read. "
    "Export its pages as PNG or TIFF, for example with pdftoppm -png.",
)
POSTSCRIPT = ImageFormat(
    name="ps",
    label="PostScript",
    # EPS with a preview has a header of its own; fonts begin as files of PostScript do.
    signature=rb"\x04?%!PS(?!-AdobeFont)|\xc5\xd0\xd3\xc6",
    suffixes=(".ps", ".eps", ".epsf", ".epsi"),
    advice="PostScript files are not read. "
    "Export its pages as PNG, for example with gs -sDEVICE=pnggray -r300 -o page%d.png.",
)
DOCUMENT = ImageFormat(
    name="document",
    label="a document",
    # Multi-page PCX (fax), Microsoft Office Document Imaging, JBIG2.
    signature=rb"\xb1\x68\xde\x3a|EP\*\0|\x97JB2\r\n\x1a\n",
    suffixes=(".dcx", ".mdi", ".xps", ".oxps", ".jb2", ".jbig2", ".jbg", ".jbig", ".fax", ".g3"),
    advice="Files of this kind (XPS, MDI, DCX, JBIG) are not read. "
    "Print or export its pages as PNG or TIFF.",
)
HEIF = ImageFormat(
    name="heic",
    label="HEIC or HEIF",
    # Brands of ISO/IEC 23008-12.
    signature=rb"(?s).{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)",
    suffixes=(".heic", ".heif", ".hif", ".heics", ".heifs", ".avci"),
    advice="HEIC and HEIF photos are not read. "
    "Convert it to JPEG or PNG, or set the phone to JPEG.",
)
CAMERA_RAW = ImageFormat(
    name="raw",
    label="camera raw",
    # Canon CR2, CR3 and CRW, Fujifilm, Olympus, Panasonic, Sigma, Minolta. Others are TIFF by
    # content, and told by their suffixes alone.
    signature=rb"(?s)II\*\0.{4}CR|.{4}ftypcrx |II\x1a\0\0\0HEAPCCDR|FUJIFILMCCD-RAW|IIR[OS]|MMOR"
    rb"|IIU\0|FOVb|\0MRM",
    suffixes=(
        *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".rw2"),
        *(".raf", ".pef", ".srw", ".x3f", ".mrw", ".3fr", ".dcr", ".kdc", ".erf", ".mef", ".mos"),
        *(".iiq", ".rwl", ".raw", ".fff", ".gpr", ".k25", ".bay", ".eip", ".rwz", ".dcs", ".drf"),
    ),
    advice="Camera raw files are not read. Develop it in a photo program to PNG, JPEG or TIFF.",
)
PSD = ImageFormat(
    name="psd",
    label="Photoshop",
    signature=rb"8BPS\0[\1\2]",
    suffixes=(".psd", ".psb"),
    advice=f"Photoshop files are not read. {_EXPORT_ADVICE}",
)
PAINTING = ImageFormat(
    name="painting",
    label="a paint program's file",
    # GIMP, Paint.NET, Paint Shop Pro, Affinity, Clip Studio; Krita and OpenRaster are ZIP files
    # that begin with their type.
    signature=rb"(?s)gimp xcf |PDN3|Paint Shop Pro Im|\0\xffKA|CSFCHUNK"
    rb"|PK\x03\x04.{26}mimetype(?:image/openraster|application/x-kra)",
    suffixes=(
        *(".xcf", ".kra", ".ora", ".pdn", ".psp", ".pspimage", ".afphoto", ".clip", ".sai"),
        *(".procreate", ".cpt"),
    ),
    advice="Files of paint programs are not read. Export it as PNG.",
)
SVG = ImageFormat(
    name="svg",
    label="SVG",
    # In an HTML page it is only a part.
    signature=rb"(?s)(?:\xef\xbb\xbf)?\s*"
    rb"<(?:svg\b|!DOCTYPE svg|(?:\?xml|!--)(?:(?!<html).){0,1000}?<svg\b)",
    suffixes=(".svg",),
    advice="SVG drawings hold no pixels and are not read. Export it as PNG.",
)
DRAWING = ImageFormat(
    name="drawing",
    label="a vector drawing",
    # Windows metafiles (placeable, plain, enhanced), CorelDRAW.
    signature=rb"(?s)\xd7\xcd\xc6\x9a|[\x01\x02]\0\x09\0\0[\x01\x03]"
    rb"|\x01\0\0\0.{36} EMF|RIFF.{4}CDR",
    suffixes=(".svgz", ".wmf", ".emf", ".wmz", ".emz", ".cgm", ".cdr", ".ai", ".odg"),
    advice="Vector drawings hold no pixels and are not read. Export it as PNG.",
)
JPEG_XL = ImageFormat(
    name="jxl",
    label="JPEG XL or JPEG XR",
    signature=rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n|II\xbc[\0\x01]",
    suffixes=(".jxl", ".jxr", ".wdp", ".hdp"),
    advice=f"JPEG XL and JPEG XR files are not read. {_EXPORT_ADVICE}",
)
DJVU = ImageFormat(
    name="djvu",
    label="DjVu",
    signature=rb"AT&TFORM",
    suffixes=(".djvu", ".djv"),
    advice="DjVu files are not read. "
    "Export its pages as TIFF, for example with ddjvu -format=tiff.",
)
OPENEXR = ImageFormat(
    name="exr",
    label="OpenEXR, Radiance or film",
    # OpenEXR, Radiance, DPX, Cineon.
    signature=rb"\x76\x2f\x31\x01|#\?R(?:ADIANCE|GBE)|SDPX|XPDS|\x80\x2a\x5f\xd7",
    suffixes=(".exr", ".hdr", ".rgbe", ".dpx", ".cin"),
    advice=f"OpenEXR, Radiance HDR and DPX files are not read. {_EXPORT_ADVICE}",
)
SCIENTIFIC = ImageFormat(
    name="scientific",
    label="DICOM or FITS",
    signature=rb"(?s)SIMPLE  = +T|.{128}DICM",
    suffixes=(".dcm", ".dicom", ".fits", ".fit", ".fts"),
    advice="DICOM and FITS files are not read. Export it as PNG from a program that shows it.",
)
PAM = ImageFormat(
    name="pam",
    label="PAM or PFM",
    # Netpbm's P7, and its floating-point relatives.
    signature=rb"P7\n|P[Ff]\s+\d",
    suffixes=(".pam", ".pfm"),
    advice=f"PAM and PFM files are not read. {_EXPORT_ADVICE}",
)
ICON = ImageFormat(
    name="icon",
    label="an icon or cursor",
    # ICO and CUR with their number of pictures and a zero after the first one's size; ANI, ICNS.
    signature=rb"(?s)\0\0[\x01\x02]\0[\x01-\xff]\0.{3}\0|RIFF.{4}ACON|icns",
    suffixes=(".ico", ".cur", ".ani", ".icns"),
    advice="Icons and cursors are not read. Save it as PNG.",
)
BITMAP = ImageFormat(
    name="bitmap",
    label="a rare kind of picture",
    # PCX, QOI, DDS, KTX, SGI, Sun raster, XBM, XPM, XWD, MNG and JNG, FLIF, BPG, IFF, FLI,
    # Microsoft Paint, textures of games, Softimage. TGA begins with nothing that tells it.
    signature=rb"(?s)\x0a[\0\x02-\x05]\x01[\x01\x02\x04\x08]|qoif|DDS \x7c|\xabKTX "
    rb"|\x01\xda[\0\x01][\x01\x02]\0[\x01-\x03]|\x59\xa6\x6a\x95"
    rb"|#define \S{1,40}_width\s+\d+\s+#define \S{1,40}_height|/\* XPM \*/|! XPM2"
    rb"|\0\0\0[\x64-\xff]\0\0\0\x07\0\0\0[\0-\x02]|[\x8a\x8b][MJ]NG\r\n\x1a\n|FLIF|BPG\xfb"
    rb"|FORM.{4}(?:ILBM|PBM |ACBM|RGB[8N]|DEEP)|.{4}[\x11\x12]\xaf.{8}[\0\x03]\0|DanM|LinS"
    rb"|VTF\0|BLP[12]|\x53\x80\xf6\x34|id=ImageMagick|NRRD000\d",
    suffixes=(
        *(".tga", ".icb", ".vda", ".vst", ".pcx", ".qoi", ".dds", ".ktx", ".ktx2", ".sgi", ".rgb"),
        *(".rgba", ".bw", ".ras", ".sun", ".xbm", ".xpm", ".xwd", ".mng", ".jng", ".flif", ".bpg"),
        *(".iff", ".lbm", ".ilbm", ".pct", ".pict", ".pcd", ".wbmp", ".fli", ".flc", ".msp"),
        *(".pxr", ".palm", ".vtf", ".blp", ".pic", ".fpx", ".ecw", ".sid", ".pgf", ".miff"),
        *(".nrrd", ".jpm", ".jls", ".jxs", ".viff", ".cals"),
    ),
    advice="Pictures of this kind (TGA, PCX, QOI, DDS and other rare ones) are not read. "
    f"{_EXPORT_ADVICE}",
)
#: All of them, but for :data:`CAMERA_RAW`, which is told from TIFF. None begins as another does.
UNSUPPORTED = (
    PDF,
    HEIF,
    PSD,
    SVG,
    JPEG_XL,
    DJVU,
    OPENEXR,
    PAM,
    POSTSCRIPT,
    DOCUMENT,
    PAINTING,
    DRAWING,
    SCIENTIFIC,
    ICON,
    BITMAP,
)
