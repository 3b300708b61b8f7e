echo cgpclient
