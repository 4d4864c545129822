// The manual's "Key to Mime Mappings", transcribed from the manual and grouped by type: each line is a type and its
// extensions. Test data for mime_test.cpp; the table of common/mime.cpp is compared with it.
#pragma once

#include <string_view>

namespace ravelin {

constexpr int kManualMimeRows = 500;

constexpr std::string_view kManualMimeTypes = R"(
application/arj arj
application/atom+xml atom
application/base64 mme
application/book boo book
application/clariscad ccad
application/commonground dp
application/drafting drw
application/excel xl xla xlb xlc xld xlk xll xlm xlt xlv xlw
application/freeloader frl
application/futuresplash spl
application/gnutar tgz
application/groupwise vew
application/hta hta
application/i-deas unv
application/iges iges igs
application/inf inf
application/java-archive ear jar war
application/javascript js
application/json json
application/mac-binhex40 hqx
application/marc mrc
application/mbedlet mbd
application/mime aps
application/mspowerpoint pot pps ppz
application/msword doc dot w6w wiz word
application/netmc mcp
application/octet-stream a arc bin com data deb dll dmg dump exe img iso lhx msi msm msp o psd saveme zoo
application/oda oda
application/pdf pdf
application/pkcs7-signature p7s
application/pkix-crl crl
application/postscript ai eps ps
application/pro_eng part prt
application/ringing-tones rng
application/rss+xml rss
application/rtf rtf
application/set set
application/sla stl
application/smil smi smil
application/solids sol
application/sounder sdr
application/step step stp
application/streamingmedia ssm
application/vda vda
application/vnd.apple.mpegurl m3u8
application/vnd.fdf fdf
application/vnd.google-earth.kml+xml kml
application/vnd.google-earth.kmz kmz
application/vnd.hp-hpgl hgl hpg hpgl
application/vnd.ms-excel xls
application/vnd.ms-fontobject eot
application/vnd.ms-pki.certstore sst
application/vnd.ms-pki.pko pko
application/vnd.ms-pki.seccat cat
application/vnd.ms-powerpoint ppa ppt pwz
application/vnd.ms-project mpp
application/vnd.nokia.configuration-message ncm
application/vnd.oasis.opendocument.graphics odg
application/vnd.oasis.opendocument.presentation odp
application/vnd.oasis.opendocument.spreadsheet ods
application/vnd.oasis.opendocument.text odt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.rn-realplayer rnx
application/vnd.wap.wmlc wmlc
application/vnd.wap.wmlscriptc wmlsc
application/vnd.xara web
application/vocaltec-media-desc vmd
application/vocaltec-media-file vmf
application/wordperfect wp wp5 wp6 wpd
application/wordperfect6.0 w60
application/wordperfect6.1 w61
application/x-123 wk1
application/x-7z-compressed 7z
application/x-aim aim
application/x-authorware-bin aab
application/x-authorware-map aam
application/x-authorware-seg aas
application/x-bcpio bcpio
application/x-bsh bsh
application/x-bytecode.python pyc
application/x-bzip bz
application/x-bzip2 boz bz2
application/x-cdf cdf
application/x-cdlink vcd
application/x-chat cha chat
application/x-cocoa cco
application/x-compressed z
application/x-conference nsc
application/x-cpio cpio
application/x-cpt cpt
application/x-deepv deepv
application/x-director dcr dir dxr
application/x-dvi dvi
application/x-elc elc
application/x-envoy env evy
application/x-esrehber es
application/x-frame mif
application/x-freelance pre
application/x-gsp gsp
application/x-gss gss
application/x-gtar gtar
application/x-gzip gz gzip
application/x-hdf hdf
application/x-helpfile help hlp
application/x-httpd-imap imap
application/x-ima ima
application/x-internett-signup ins
application/x-inventor iv
application/x-ip2 ip
application/x-java-archive-diff jardiff
application/x-java-class class
application/x-java-commerce jcm
application/x-java-jnlp-file jnlp
application/x-koan skd skm skp skt
application/x-ksh ksh
application/x-latex latex ltx
application/x-lha lha
application/x-livescreen ivy
application/x-lotus wq1
application/x-lzh lzh
application/x-lzx lzx
application/x-magic-cap-package-1.0 mc$
application/x-makeself run
application/x-mathcad mcd
application/x-meme mm
application/x-mix-transfer nix
application/x-navi-animation ani
application/x-navidoc nvd
application/x-navimap map
application/x-netcdf nc
application/x-newton-compatible-pkg pkg
application/x-nokia-9000-communicator-add-on-software aos
application/x-omc omc
application/x-omcdatamaker omcd
application/x-omcregerator omcr
application/x-pagemaker pm4 pm5
application/x-pcl pcl
application/x-perl pl pm
application/x-pilot pdb prc
application/x-pixclscript plx
application/x-pkcs10 p10
application/x-pkcs12 p12
application/x-pkcs7-certreqresp p7r
application/x-pkcs7-mime p7c p7m
application/x-project mpc mpt mpv mpx
application/x-qpro wb1
application/x-rar-compressed rar
application/x-redhat-package-manager rpm
application/x-sdp sdp
application/x-sea sea
application/x-seelogo sl
application/x-shar shar
application/x-shockwave-flash swf
application/x-sprite spr sprite
application/x-stuffit sit
application/x-sv4cpio sv4cpio
application/x-sv4crc sv4crc
application/x-tar tar
application/x-tbook sbk tbk
application/x-tcl tcl tk
application/x-tex tex
application/x-texinfo texi texinfo
application/x-troff roff t tr
application/x-troff-man man
application/x-troff-me me
application/x-troff-ms ms
application/x-ustar ustar
application/x-visio vsd vst vsw
application/x-vnd.audioexplosion.mzz mzz
application/x-vnd.ls-xpix xpix
application/x-vrml vrml
application/x-wais-source src wsrc
application/x-wintalk wtk
application/x-world svr wrl
application/x-wri wri
application/x-x509-ca-cert cer crt der pem
application/x-xpinstall xpi
application/xhtml+xml xhtml
application/xspf+xml xspf
application/zip zip
audio/aiff aif aifc aiff
audio/basic snd
audio/it it
audio/make funk my pfunk
audio/mid rmi
audio/midi mid midi
audio/mpeg m2a mp2 mp3 mpa mpga
audio/nspaudio lma
audio/ogg ogg
audio/s3m s3m
audio/tsp-audio tsi
audio/tsplayer tsp
audio/vnd.qcelp qcp
audio/voc voc
audio/voxware vox
audio/wav wav
audio/x-au au
audio/x-gsm gsd gsm
audio/x-jam jam
audio/x-liveaudio lam
audio/x-m4a m4a
audio/x-mod mod
audio/x-mpequrl m3u
audio/x-nspaudio la
audio/x-pn-realaudio ram rm rmm rmp
audio/x-psid sid
audio/x-realaudio ra
audio/x-twinvq vqf
audio/x-twinvq-plugin vqe vql
audio/x-vnd.audioexplosion.mjuicemediafile mjf
audio/xm xm
chemical/x-pdb xyz
font/woff woff
font/woff2 woff2
i-world/i-vrml ivr
image/bmp bm
image/cmu-raster rast
image/fif fif
image/florian flo turbot
image/g3fax g3
image/gif gif
image/ief ief iefs
image/jpeg jfif jfif-tbnl jpe jpeg jpg
image/jutvision jut
image/naplps nap naplps
image/pict pic pict
image/png png x-png
image/svg+xml svg svgz
image/tiff tif tiff
image/vnd.fpx fpx
image/vnd.rn-realflash rf
image/vnd.rn-realpix rp
image/vnd.wap.wbmp wbmp
image/vnd.xiff xif
image/webp webp
image/x-cmu-raster ras
image/x-dwg dwg dxf svf
image/x-icon ico
image/x-jg art
image/x-jng jng
image/x-jps jps
image/x-ms-bmp bmp
image/x-niff nif niff
image/x-pcx pcx
image/x-pict pct
image/x-portable-anymap pnm
image/x-portable-bitmap pbm
image/x-portable-graymap pgm
image/x-portable-pixmap ppm
image/x-quicktime qif qti qtif
image/x-rgb rgb
image/x-xbitmap xbm
image/x-xwd xwd
image/xpm xpm
message/rfc822 mht mhtml mime
model/vnd.dwf dwf
model/vrml wrz
model/x-pov pov
music/x-karaoke kar
paleovu/x-pv pvu
text/asp asp
text/css css
text/html acgi htm html htmls htx shtml
text/mathml mml
text/mcf mcf
text/pascal pas
text/plain c c++ cc conf cxx def f f77 f90 for g h hh idc jav java list log lst m mar sdml text txt
text/richtext rt rtx
text/scriplet wsc
text/sgml sgm sgml
text/tab-separated-values tsv
text/uri-list uni unis uri uris
text/vnd.abc abc
text/vnd.fmi.flexstor flx
text/vnd.sun.j2me.app-descriptor jad
text/vnd.wap.wml wml
text/vnd.wap.wmlscript wmls
text/webviewhtml htt
text/x-asm asm s
text/x-audiosoft-intra aip
text/x-c cpp
text/x-component htc
text/x-la-asf lsx
text/x-pascal p
text/x-script hlb
text/x-script.csh csh
text/x-script.elisp el
text/x-script.phyton py
text/x-script.rexx rexx
text/x-script.scheme scm
text/x-script.sh sh
text/x-script.tcsh tcsh
text/x-script.zsh zsh
text/x-server-parsed-html ssi
text/x-setext etx
text/x-speech spc talk
text/x-uuencode uu uue
text/x-vcalendar vcs
text/xml xml
video/3gpp 3gp 3gpp
video/animaflex afl
video/avs-video avs
video/mp2t ts
video/mp4 mp4
video/mpeg m1v m2v mpe mpeg mpg
video/quicktime moov mov qt
video/vdo vdo
video/vivo viv vivo
video/vnd.rn-realvideo rv
video/vosaic vos
video/webm webm
video/x-amt-demorun xdr
video/x-amt-showrun xsr
video/x-atomic3d-feature fmf
video/x-dl dl
video/x-dv dif dv
video/x-fli fli
video/x-flv flv
video/x-gl gl
video/x-isvideo isu
video/x-m4v m4v
video/x-mng mng
video/x-motion-jpeg mjpg
video/x-ms-asf asf asx
video/x-ms-wmv wmv
video/x-msvideo avi
video/x-qtc qtc
video/x-sgi-movie movie mv
windows/metafile wmf
x-conference/x-cooltalk ice
x-world/x-3dmf 3dm 3dmf qd3 qd3d
x-world/x-vrt vrt
xgl/drawing xgz
xgl/movie xmz
)";

}  // namespace ravelin
