# SPDX-License-Identifier: GPL-2.0-only
"""Lists a folder of an FTP server and fetches a file, in active mode."""
import ftplib
import hashlib
import sys

with ftplib.FTP(sys.argv[1], timeout=120) as ftp:
    ftp.set_pasv(False)
    ftp.login()
    names = ftp.nlst()
    print(*sorted(name for name in names if "." in name), sep="\n")
    digest = hashlib.md5()
    ftp.retrbinary("RETR part/1", digest.update)
    print(digest.hexdigest())
