module paynow-host

go 1.19
